/* What the trade-off measures: of a plan its memory, and what it computes again. */
import type { Bytes, Plan } from '../../../wasm/report';
import { timeOf } from '../format/time';

export type Measure = 'saved' | 'activations' | 'step';

/** What a measure reads off a plan. */
export function measureOf(plan: Plan, measure: Measure): Bytes {
  if (measure === 'saved') return plan.saved_bytes;
  return measure === 'step' ? plan.peak_bytes : (plan.worst_rank_peak_bytes ?? Math.max(plan.forward_peak_bytes, plan.backward_peak_bytes));
}

/** What a plan computes again, of the forward pass: from the counts, so that it is rounded once, where it is shown. */
export function recomputedOf(plan: Pick<Plan, 'recomputed_flops'>, forwardFlops: number): number {
  return forwardFlops > 0 ? plan.recomputed_flops / forwardFlops : 0;
}

/** The peak is held against the time to run again, where every plan has one; core.wasm's have none. */
export const isTimed = (plans: readonly Plan[], measure: Measure): boolean => measure === 'activations' && plans.every((p) => timeOf(p, 'recomputed_time') !== null);

/** No other plan takes less memory without computing more again, nor the other way round. */
export function isPareto(plan: Plan, plans: readonly Plan[], measure: Measure): boolean {
  const timed = isTimed(plans, measure);
  if (measure === 'activations' && !timed) return plan.pareto;
  const again = (p: Plan): number => (timed ? (timeOf(p, 'recomputed_time') ?? 0) : p.recomputed_flops);
  const memory = measureOf(plan, measure);
  return !plans.some((other) => {
    const less = measureOf(other, measure) - memory;
    const work = again(other) - again(plan);
    return less <= 0 && work <= 0 && (less < 0 || work < 0);
  });
}
