/* Words for what the core names by keys. */
import type { Component, Field, Place, Row } from '../../../wasm/report';
import type { Fate } from '../state/ledger';

const COMPONENTS: Record<Component, string> = {
  attention: 'Attention',
  mlp: 'MLP',
  norm: 'Norms',
  residual: 'Residual stream',
  embedding: 'Embedding',
  head: 'LM head',
  loss: 'Loss',
  checkpoint: 'Checkpoints',
};

/** What becomes of a tensor, in a list. */
export const FATES: Readonly<Record<Fate, string>> = { kept: 'kept', recomputed: 'recomputed', offloaded: 'on the host' };

export function componentName(component: string): string {
  return COMPONENTS[component as Component] ?? component;
}

/** Of a point of the timeline. */
export const PHASES = ['forward', 'backward', 'recomputation', 'backward'];

/** "in the backward pass, layer 31, mlp.act_fn (silu)" */
export function placeText(place: Place): string {
  const phase = place.phase === 'recompute' ? 'while a layer is recomputed' : `in the ${place.phase} pass`;
  const where = place.module === '' ? componentName(place.component).toLowerCase() : place.module;
  return `${phase}, ${place.layer === null ? '' : `layer ${place.layer}, `}${where} (${place.op})`;
}

/** What a choice means, as far as the field's help says it: "hf (transformers) or paper (…)" explains hf and paper. */
export function choiceText(field: Field, choice: string): string {
  const name = choice.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const meaning = new RegExp(`(?:^|[\\s,])${name} \\(([^)]{1,60})\\)`).exec(field.help)?.[1];
  return meaning === undefined ? choice : `${choice}: ${meaning}`;
}

/** The operation that saved a row; a checkpoint keeps its region's input whichever operation made it. */
export function savedBy(row: Row): string {
  return row.saved_by[0] === 'checkpoint' && row.module === '' ? 'checkpoint' : row.op;
}

export function plural(count: number, unit: string): string {
  return count === 1 ? unit.replace(/s$/, '') : unit;
}
