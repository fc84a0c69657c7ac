/* The exact frontier in the trade-off's axes: one step a plan, from the dearest to the one that runs nothing again. */
import type { FrontierPlan, Microseconds } from '../../../wasm/report';
import { timeOf } from '../format/time';
import type { TradeoffLayout } from './tradeoff-layout';

export interface Knot {
  plan: FrontierPlan;
  x: number;
  y: number;
  /** What of the chart reads as this plan: half the way to its neighbours. */
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Of the forward pass's time. */
export const againOf = (plan: FrontierPlan, forward: Microseconds): number => (forward > 0 ? (timeOf(plan, 'recomputed_time') ?? 0) / forward : 0);

/* Around the line, so that a mark of it is easily hit and the rest of the chart is not. */
const REACH = 13;

export function layFrontier(plans: readonly FrontierPlan[], forward: Microseconds, at: TradeoffLayout['at']): { path: string; knots: Knot[] } {
  /* From the left: what runs nothing again first. */
  const points = plans
    .map((plan) => ({ plan, ...at(againOf(plan, forward), plan.peak_bytes) }))
    .sort((p, q) => p.x - q.x || p.y - q.y);
  const knots = points.map((point, i) => {
    const before = points[i - 1];
    const after = points[i + 1];
    const left = before === undefined ? point.x - REACH : (before.x + point.x) / 2;
    const right = after === undefined ? point.x + REACH : (point.x + after.x) / 2;
    return { ...point, left, right, top: point.y - REACH, bottom: point.y + REACH };
  });
  /* Between two plans the next one to the right is not there yet: the peak stays, then drops. */
  const path = points.map(({ x, y }, i) => (i === 0 ? `M ${round(x)} ${round(y)}` : `H ${round(x)} V ${round(y)}`)).join(' ');
  return { path, knots };
}

const round = (n: number): number => Math.round(n * 100) / 100;
