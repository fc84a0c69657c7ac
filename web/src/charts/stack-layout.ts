/* All layers, one above the other as the forward pass goes: each a slab as long as what it keeps. */
import type { Bytes, Component, LayerKind, Report } from '../../../wasm/report';
import { plural } from '../format/words';
import type { Entry, Fate, Scope } from '../state/ledger';
import { scaleLinear } from './scale';

export interface Slab {
  /** "layers 0 to 15", "48 layers", "embedding, head and loss" */
  label: string;
  kind: string;
  /** Of one unit: a layer, a segment of several, or what stands outside. */
  bytes: Bytes;
  count: number;
  layersEach: number;
  /** Beside its first unit and, where there is room, its last. */
  ticks: [first: string, last: string | null];
  y: number;
  /** Of one unit, with the gap behind it. */
  pitch: number;
  thickness: number;
  parts: { component: Component; x: number; width: number; fate: Fate }[];
}

export interface StackLayout {
  height: number;
  left: number;
  slabs: Slab[];
}

/* As wide as "outside". */
const LEFT = 52;
const ROOM = 300;
const GAP = 16;
const OUTSIDE = 22;

export function layStack(report: Report, scopes: readonly Scope[], width: number): StackLayout {
  const layers = report.saved.layers.map((layer): { layer: LayerKind; unit: Unit } => ({ layer, unit: { entries: scopes.find((s) => s.name === layer.kind)?.entries ?? [], units: layer.count } }));
  const outside: Unit = { entries: scopes.filter((s) => s.kind !== 'layer').flatMap((s) => s.entries), units: 1 };
  const total = layers.reduce((sum, { layer }) => sum + layer.count * layer.layers_each, 0);
  /* What is dropped counts too: the slab keeps its length, hatched. A row of a segment may stand for each layer in it. */
  const sizes = [...layers.map(({ unit }) => unit), outside].map((unit) => sizeOf(unit.entries, unit));
  const scale = scaleLinear([0, Math.max(1, ...sizes)], [0, width - LEFT - 4]);
  const pitch = Math.max(3, Math.min(16, ROOM / Math.max(1, total)));
  const inOrder = standInOrder(report);
  let y = 4;
  let first = 0;
  const slabs: Slab[] = layers.map(({ layer, unit }) => {
    const many = layer.count * layer.layers_each;
    const last = first + many - 1;
    const place = last === first ? `layer ${first}` : `layers ${first} to ${last}`;
    const slab: Slab = {
      label: inOrder ? place : `${many} ${plural(many, 'layers')}`,
      kind: layer.kind,
      bytes: layer.bytes,
      count: layer.count,
      layersEach: layer.layers_each,
      ticks: inOrder ? [String(first), layer.count * layer.layers_each * pitch > 30 ? String(last) : null] : [`${many} ×`, null],
      y,
      pitch: pitch * layer.layers_each,
      thickness: pitch * layer.layers_each - (pitch > 4 ? 1.5 : 0.75),
      parts: partsOf(unit, scale),
    };
    y += layer.count * slab.pitch;
    first = last + 1;
    return slab;
  });
  y += GAP;
  slabs.push({
    label: 'embedding, head and loss',
    kind: 'outside',
    bytes: report.saved.outside_bytes + report.saved.shared_bytes,
    count: 1,
    layersEach: 0,
    ticks: ['outside', null],
    y,
    pitch: OUTSIDE,
    thickness: OUTSIDE,
    parts: partsOf(outside, scale),
  });
  return { height: y + OUTSIDE + 4, left: LEFT, slabs };
}

/* Kinds are named once, wherever their layers stand: those of a model may alternate, and a plan may come back to one. */
function standInOrder({ saved: { layers }, checkpoint: { runs } }: Report): boolean {
  const plain = layers.every(({ kind }) => /^(?:checkpointed )?(?:layer|segment of \d+ layers)\b/.test(kind));
  const told = runs?.map(({ kind, span, layers: many }) => [kind === 'none', span, many]) ?? null;
  const said = layers.map(({ kind, count, layers_each: each }) => [!kind.startsWith('checkpointed'), each, count * each]);
  return layers.length === 1 || (plain && (told === null || told.join() === said.join()));
}

/** One layer or segment: its rows, and how many such units they stand for. */
interface Unit {
  entries: readonly Entry[];
  units: number;
}

/* A row's bytes in one unit. */
const share = ({ row }: Entry, { units }: Unit): Bytes => (row.bytes * row.count) / Math.max(1, units);
const sizeOf = (entries: readonly Entry[], unit: Unit): Bytes => entries.reduce((sum, entry) => sum + share(entry, unit), 0);

/* By component, what is kept first. */
function partsOf(unit: Unit, scale: (bytes: Bytes) => number): Slab['parts'] {
  const parts: Slab['parts'] = [];
  let x = 0;
  for (const fate of ['kept', 'offloaded', 'recomputed'] as const) {
    const list = unit.entries.filter((e) => e.fate === fate);
    for (const component of new Set(list.map((e) => e.row.component))) {
      const bytes = sizeOf(list.filter((e) => e.row.component === component), unit);
      if (bytes === 0) continue;
      const width = scale(bytes);
      parts.push({ component, x, width, fate });
      x += width;
    }
  }
  return parts;
}
