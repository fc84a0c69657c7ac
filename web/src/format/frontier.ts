/* A plan of the frontier in words: how many layers do what. */
import type { Checkpoint, FrontierPlan, LayerChoice } from '../../../wasm/report';
import { formatCount } from './bytes';
import { plural } from './words';

/** The exact frontier, where the report has it: without frontier=yes it lists the best policies in its place. */
export function frontierOf(checkpoint: Checkpoint): FrontierPlan[] | null {
  return checkpoint.frontier_of === 'listed' ? null : (checkpoint.frontier as FrontierPlan[]);
}

/** "gate_proj": the last part of a module's path; the operation where all of its kind are kept. */
const keptName = ({ module, op }: LayerChoice['keeps'][number]): string => (module === '' ? op.replaceAll('_', ' ') : (module.split('.').at(-1) ?? module));

/* More names, or kinds of layers, would bury how many layers they are of. */
const MOST = 3;

function keeps({ kind, span, keeps: kept, modules }: LayerChoice, one: boolean, most: number): string {
  const keep = one ? 'keeps' : 'keep';
  if (kind === 'none') return `${keep} everything`;
  if (kind === 'segment') return one && span === 1 ? 'is recomputed whole' : `in regions of ${formatCount(span)}`;
  if (kind === 'modules') return `${one ? 'recomputes' : 'recompute'} ${modules === undefined ? 'some modules' : modules.replaceAll(',', ', ')}`;
  if (kind === 'full' || kept.length === 0) return `${keep} ${one ? 'its' : 'their'} input`;
  const names = [...new Set(kept.map(keptName))];
  const shown = names.length > most + 1 ? [...names.slice(0, most), `${formatCount(names.length - most)} more`] : names;
  return `${keep} ${shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}` : shown[0]}`;
}

/** "19 layers keep their input, 7 in regions of 7, 6 keep everything"; empty where the plan's runs are too many to be listed. */
export function planText(plan: FrontierPlan, choices: readonly LayerChoice[], most = MOST): string {
  if (plan.ranks !== undefined) return `each of ${formatCount(plan.ranks.length)} ranks with its own plan`;
  const layers = new Map<number, number>();
  for (const [choice, units] of plan.plan) layers.set(choice, (layers.get(choice) ?? 0) + units * (choices[choice]?.span ?? 1));
  const sorted = [...layers].sort((p, q) => q[1] - p[1] || p[0] - q[0]);
  /* One left over is said as briefly as "1 otherwise". */
  const shown = sorted.length > most + 1 ? sorted.slice(0, most) : sorted;
  const rest = sorted.slice(shown.length).reduce((sum, [, count]) => sum + count, 0);
  return [
    ...shown.map(([index, count], i) => {
      const choice = choices[index];
      return `${formatCount(count)}${i === 0 ? ` ${plural(count, 'layers')}` : ''} ${choice === undefined ? '' : keeps(choice, count === 1, most)}`;
    }),
    ...(rest > 0 ? [`${formatCount(rest)} otherwise`] : []),
  ].join(', ');
}
