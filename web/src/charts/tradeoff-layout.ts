/* Memory against recomputation: one point a policy, labels that keep clear of each other, a line through the Pareto ones. */
import { curveStepAfter, line } from 'd3-shape';
import type { Bytes, Plan, Units } from '../../../wasm/report';
import { planId } from '../form/policy-select';
import { axisUnit } from '../format/bytes';
import { textWidth } from './measure';
import { scaleLinear } from './scale';

export type Measure = 'saved' | 'activations' | 'step';

/** What a measure reads off a plan. */
export function measureOf(plan: Plan, measure: Measure): Bytes {
  if (measure === 'saved') return plan.saved_bytes;
  return measure === 'step' ? plan.peak_bytes : Math.max(plan.forward_peak_bytes, plan.backward_peak_bytes);
}

/** No other plan takes less memory without computing more again, nor the other way round. */
export function isPareto(plan: Plan, plans: readonly Plan[], measure: Measure): boolean {
  const memory = measureOf(plan, measure);
  return !plans.some((other) => {
    const less = measureOf(other, measure) - memory;
    const work = other.recomputed_flops - plan.recomputed_flops;
    return less <= 0 && work <= 0 && (less < 0 || work < 0);
  });
}

interface Label {
  x: number;
  y: number;
  anchor: 'start' | 'middle' | 'end';
  text: string;
  led: boolean;
}

export interface Spot {
  /** Plans of the same figures share a spot. */
  plans: Plan[];
  x: number;
  y: number;
  chosen: boolean;
  pareto: boolean;
  label: Label;
}

export interface Tick {
  at: number;
  text: string;
}

export interface TradeoffLayout {
  width: number;
  height: number;
  frame: { left: number; right: number; top: number; bottom: number };
  spots: Spot[];
  frontier: string;
  xTicks: Tick[];
  yTicks: Tick[];
  unit: string;
}

const SIZE = 12;

export function layTradeoff(plans: readonly Plan[], measure: Measure, units: Units, width: number): TradeoffLayout {
  const narrow = width < 520;
  const height = narrow ? 340 : 430;
  const frame = { left: units === 'bytes' ? 104 : 44, right: width - 8, top: 32, bottom: height - 46 };
  const most = Math.max(1, ...plans.map((p) => measureOf(p, measure)));
  const ratio = Math.max(0.05, ...plans.map((p) => p.recompute_ratio));
  const { divisor, unit } = axisUnit(most, units);
  const x = scaleLinear([0, ratio], [frame.left + 16, frame.right - (narrow ? 24 : 64)]);
  const y = scaleLinear([0, (most / divisor) * 1.06], [frame.bottom, frame.top]);

  const spots: Spot[] = [];
  for (const plan of plans) {
    const at = { x: x(plan.recompute_ratio), y: y(measureOf(plan, measure) / divisor) };
    let spot = spots.find((s) => Math.hypot(s.x - at.x, s.y - at.y) < 3);
    if (spot === undefined) {
      spot = { plans: [], ...at, chosen: false, pareto: false, label: { x: 0, y: 0, anchor: 'start', text: '', led: false } };
      spots.push(spot);
    }
    spot.plans.push(plan);
    spot.chosen ||= plan.chosen;
    spot.pareto ||= isPareto(plan, plans, measure);
  }
  placeLabels(spots, frame);

  const pareto = spots.filter((s) => s.pareto).sort((p, q) => p.x - q.x || q.y - p.y);
  const path = line<Spot>().x((s) => s.x).y((s) => s.y).curve(curveStepAfter)(pareto);
  return {
    width,
    height,
    frame,
    spots,
    frontier: path ?? '',
    xTicks: x.ticks(narrow ? 4 : 6).map((t) => ({ at: x(t), text: `${Math.round(t * 100)} %` })),
    yTicks: y.ticks(5).map((t) => ({ at: y(t), text: t.toLocaleString('en-US') })),
    unit,
  };
}

type Box = [left: number, top: number, right: number, bottom: number];

/* Each label goes to the first place beside its spot, then further off with a line to it, where it meets neither a spot nor a label. */
function placeLabels(spots: Spot[], frame: { left: number; right: number; top: number; bottom: number }): void {
  const taken: Box[] = spots.map((s) => [s.x - 6, s.y - 6, s.x + 6, s.y + 6]);
  const weight = (s: Spot) => (s.chosen ? 0 : s.pareto ? 1 : 2);
  for (const spot of [...spots].sort((p, q) => weight(p) - weight(q) || p.y - q.y)) {
    const text = spot.plans.map(planId).join(' = ');
    const width = textWidth(text, SIZE) * (spot.chosen ? 1.08 : 1);
    const candidates: Label[] = [];
    const push = (dx: number, dy: number, anchor: Label['anchor'], led: boolean) => candidates.push({ x: spot.x + dx, y: spot.y + dy, anchor, text, led });
    const off = spot.chosen ? 15 : 11;
    if (spot.pareto) push(7, -14, 'start', false);
    push(off, 0, 'start', false);
    push(-off, 0, 'end', false);
    push(7, -14, 'start', false);
    push(-7, -14, 'end', false);
    push(0, -15, 'middle', false);
    push(0, 16, 'middle', false);
    for (let d = 22; d <= 150; d += 8) {
      push(8, -d, 'start', true);
      push(-8, -d, 'end', true);
      push(0, -d, 'middle', true);
    }
    const boxOf = (l: Label): Box => {
      const left = l.anchor === 'start' ? l.x : l.anchor === 'end' ? l.x - width : l.x - width / 2;
      return [left, l.y - 8, left + width, l.y + 8];
    };
    const free = (b: Box) =>
      b[0] >= frame.left + 2 && b[2] <= frame.right + 8 && b[1] >= frame.top - 12 && b[3] <= frame.bottom - 1 && !taken.some((t) => b[0] < t[2] && t[0] < b[2] && b[1] < t[3] && t[1] < b[3]);
    spot.label = candidates.find((l) => free(boxOf(l))) ?? { x: spot.x, y: spot.y, anchor: 'start', text: '', led: false };
    if (spot.label.text !== '') taken.push(boxOf(spot.label));
  }
}
