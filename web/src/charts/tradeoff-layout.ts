/* Memory against recomputation: one point a policy, labels that keep clear of each other, a line through the Pareto ones. */
import { range, tickStep } from 'd3-array';
import { curveStepAfter, line } from 'd3-shape';
import type { Bytes, Plan, Units } from '../../../wasm/report';
import { axisUnit, formatTick } from '../format/bytes';
import { planNames, shortNames } from '../format/policy';
import { textWidth } from './measure';
import { scaleLinear } from './scale';
import { isPareto, type Measure, measureOf } from './tradeoff-measure';

interface Label {
  x: number;
  y: number;
  anchor: 'start' | 'middle' | 'end';
  text: string;
  led: boolean;
}

export interface Spot {
  /** Plans that would be drawn over each other share a spot; those of the same figures stand together. */
  plans: Plan[][];
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
  /** Where a point of the axes stands. */
  at: (again: number, memory: Bytes) => { x: number; y: number };
  xTicks: Tick[];
  yTicks: Tick[];
  unit: string;
}

const SIZE = 12;

/** What a plan computes again, of the forward pass, and what else the axes have to reach. */
export interface Axis {
  again: (plan: Plan) => number;
  reach?: readonly { again: number; memory: Bytes }[];
}

export function layTradeoff(plans: readonly Plan[], { again, reach = [] }: Axis, measure: Measure, units: Units, width: number): TradeoffLayout {
  const narrow = width < 520;
  const height = narrow ? 340 : 430;
  const frame = { left: units === 'bytes' ? 104 : 44, right: width - 8, top: 32, bottom: height - 46 };
  const most = Math.max(1, ...plans.map((p) => measureOf(p, measure)), ...reach.map((r) => r.memory));
  /* To a whole tick above the last point; most of a forward pass is shown against all of it. */
  const furthest = Math.max(0.02, ...plans.map(again), ...reach.map((r) => r.again));
  const tick = tickStep(0, furthest, narrow ? 4 : 5);
  const ratio = Math.ceil(furthest / tick - 1e-9) * tick;
  const { divisor, unit } = axisUnit(most, units);
  const x = scaleLinear([0, ratio], [frame.left + 16, frame.right - (narrow ? 20 : 28)]);
  const rise = tickStep(0, most / divisor, 5);
  const y = scaleLinear([0, Math.ceil(most / divisor / rise - 1e-9) * rise], [frame.bottom, frame.top]);

  const at = (again: number, memory: Bytes) => ({ x: x(again), y: y(memory / divisor) });
  const spots: Spot[] = [];
  for (const plan of plans) {
    const place = at(again(plan), measureOf(plan, measure));
    let spot = spots.find((s) => Math.hypot(s.x - place.x, s.y - place.y) < 3);
    if (spot === undefined) {
      spot = { plans: [], ...place, chosen: false, pareto: false, label: { x: 0, y: 0, anchor: 'start', text: '', led: false } };
      spots.push(spot);
    }
    const alike = spot.plans.find(([p]) => p !== undefined && again(p) === again(plan) && measureOf(p, measure) === measureOf(plan, measure));
    if (alike === undefined) spot.plans.push([plan]);
    else alike.push(plan);
    spot.chosen ||= plan.chosen;
    spot.pareto ||= isPareto(plan, plans, measure);
  }
  const pareto = spots.filter((s) => s.pareto).sort((p, q) => p.x - q.x || q.y - p.y);
  placeLabels(spots, frame, stepsThrough(reach.length > 0 ? reach.map((r) => at(r.again, r.memory)) : pareto), ({ plans }) => namesOf(plans, units));

  const path = line<Spot>().x((s) => s.x).y((s) => s.y).curve(curveStepAfter)(pareto);
  return {
    width,
    height,
    frame,
    spots,
    frontier: path ?? '',
    at,
    xTicks: range(0, ratio + tick / 2, tick).map((t) => ({ at: x(t), text: `${Number((t * 100).toFixed(1))} %` })),
    yTicks: y.ticks(5).map((t) => ({ at: y(t), text: formatTick(t) })),
    unit,
  };
}

/* All that share a spot, and where there is no room for that the first and how many more. */
function namesOf(plans: readonly Plan[][], units: Units): string[] {
  const [first, ...more] = plans.flat();
  if (first === undefined) return [];
  const all = plans.length === 1 ? planNames(plans.flat(), units) : plans.map((alike) => shortNames(alike, units)).join(' · ');
  return more.length === 0 ? [all] : [all, `${shortNames([first], units)} and ${more.length} more`];
}

type Box = [left: number, top: number, right: number, bottom: number];

type Line = [x0: number, y0: number, x1: number, y1: number];

/* Where a label goes, nearest first: beside its spot, then further off with a line to it. */
const BESIDE: readonly (readonly [dx: number, dy: number, anchor: Label['anchor']])[] = [
  [11, 0, 'start'],
  [-11, 0, 'end'],
  [7, -14, 'start'],
  [-7, -14, 'end'],
  [0, -15, 'middle'],
  [0, 16, 'middle'],
];
const AFAR = [-24, -33, -42, -51, -60, -78, -96, -114, -132, -150, -168, 24, 42]
  .flatMap((dy) => [0, 8, -8, 16, -16, 26, -26, 36, -36, 48, -48, 60, -60, 75, -75, 90, -90].map((dx) => [dx, dy] as const))
  .sort((p, q) => Math.hypot(p[0], p[1] * 1.2) - Math.hypot(q[0], q[1] * 1.2));

/* In a crowd what is on the frontier, or chosen, is named first, then what others beat; what finds no place has its name in the table.
 * Each label takes the first place where neither it nor its line meets a spot, a label or another's line. In a crowd labels stand like
 * stairs: each to the left of an upright line from its spot, beyond the label of the spot before it, so that no line meets a label; down
 * from the frontier, up from what is above it. */
function placeLabels(spots: Spot[], frame: { left: number; right: number; top: number; bottom: number }, behind: readonly Line[], named: (spot: Spot) => string[]): void {
  const taken: Box[] = spots.map((s) => [s.x - 6, s.y - 6, s.x + 6, s.y + 6]);
  const lines: Line[] = [];
  const weight = (s: Spot) => (s.chosen ? 0 : s.pareto ? 1 : 2);
  const crowded = (s: Spot): boolean => spots.some((o) => o !== s && Math.abs(o.x - s.x) < 64 && Math.abs(o.y - s.y) < 40);
  const alone = spots.filter((s) => !crowded(s)).sort((p, q) => weight(p) - weight(q) || p.x - q.x);
  const [crowd, beaten] = [true, false].map((first) => spots.filter((s) => crowded(s) && (s.pareto || s.chosen) === first).sort((p, q) => p.x - q.x || q.y - p.y)) as [Spot[], Spot[]];
  for (const spot of [...alone, ...crowd, ...beaten]) {
    /* A line may leave a crowd of spots through it. */
    const passed = new Set(taken.filter((_, i) => Math.hypot((spots[i]?.x ?? Infinity) - spot.x, (spots[i]?.y ?? Infinity) - spot.y) < 16));
    const off = spot.chosen ? 4 : 0;
    const boxOf = (l: Label): Box => {
      const width = textWidth(l.text, SIZE) * (spot.chosen ? 1.08 : 1);
      const left = l.anchor === 'start' ? l.x : l.anchor === 'end' ? l.x - width : l.x - width / 2;
      return [left, l.y - 8, left + width, l.y + 8];
    };
    const placesOf = (text: string): Label[] => {
      const label = (dx: number, dy: number, anchor: Label['anchor'], led: boolean): Label => ({ x: spot.x + dx, y: spot.y + dy, anchor, text, led });
      const beside = BESIDE.map(([dx, dy, anchor]) => label(dx + Math.sign(dx) * off, dy + Math.sign(dy) * off, anchor, false));
      /* On the frontier, its line runs to the right. */
      if (spot.pareto) beside.unshift(label(7, -14 - off, 'start', false));
      const afar = AFAR.flatMap(([dx, dy]) => (['middle', 'start', 'end'] as const).map((anchor) => label(dx, dy, anchor, true)));
      if (!crowded(spot)) return [...beside, ...afar];
      const up = range(18, 220, 3).map((dy) => label(-4, -dy, 'end', true));
      const down = range(18, 220, 3).map((dy) => label(-4, dy, 'end', true));
      return crowd.includes(spot) ? [label(-11 - off, 0, 'end', false), ...(spot.pareto ? [...down, ...up] : [...up, ...down]), ...afar] : [...beside, ...up, ...down, ...afar];
    };
    const fits = (l: Label): boolean => {
      const box = boxOf(l);
      if (box[0] < frame.left + 2 || box[2] > frame.right + 8 || box[1] < frame.top - 12 || box[3] > frame.bottom - 1) return false;
      if (taken.some((t) => overlap(t, box)) || lines.some((line) => crosses(line, box))) return false;
      if (!l.led) return true;
      const line = leaderOf(spot, l);
      return taken.every((t) => passed.has(t) || !crosses(line, t)) && lines.every((other) => !meet(line, other));
    };
    /* The frontier stays in sight where there is a place nearby that leaves it so: below it there are no plans, and room. */
    const clear = (l: Label): boolean => {
      const [left, top, right, bottom] = boxOf(l);
      const box: Box = [left - 3, top + 1, right + 3, bottom - 1];
      return Math.hypot(l.x - spot.x, l.y - spot.y) < 120 && !behind.some((line) => crosses(line, box));
    };
    const places = named(spot).flatMap((text) => placesOf(text).filter(fits));
    const found = places.find(clear) ?? places[0];
    spot.label = found ?? { x: spot.x, y: spot.y, anchor: 'start', text: '', led: false };
    if (found === undefined) continue;
    const [left, top, right, bottom] = boxOf(found);
    /* Two words side by side would read as one. */
    taken.push([left - 5, top, right + 5, bottom]);
    if (found.led) lines.push(leaderOf(spot, found));
  }
}

/** The line from a spot to its label, from the label's middle or its nearer end. */
export function leaderOf(spot: { x: number; y: number }, label: Pick<Label, 'x' | 'y' | 'anchor'>): Line {
  const side = Math.sign(label.y - spot.y);
  if (label.anchor === 'end' && label.x === spot.x - 4) return [spot.x, spot.y + 5 * side, spot.x, label.y + 5 * side];
  const inset = label.anchor === 'start' ? 6 : label.anchor === 'end' ? -6 : 0;
  return [spot.x, spot.y, label.x + inset, label.y + (label.y < spot.y ? 7 : -7)];
}

/* The frontier through its points: along, then down. */
function stepsThrough(points: readonly { x: number; y: number }[]): Line[] {
  const sorted = [...points].sort((p, q) => p.x - q.x || q.y - p.y);
  return sorted.flatMap((p, i): Line[] => {
    const next = sorted[i + 1];
    return next === undefined ? [] : [[p.x, p.y, next.x, p.y], [next.x, p.y, next.x, next.y]];
  });
}

const overlap = (a: Box, b: Box): boolean => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function crosses(line: Line, [left, top, right, bottom]: Box): boolean {
  const within = (x: number, y: number) => x > left && x < right && y > top && y < bottom;
  return within(line[0], line[1]) || within(line[2], line[3]) || meet(line, [left, top, right, bottom]) || meet(line, [left, bottom, right, top]);
}

function meet(a: Line, b: Line): boolean {
  const side = (l: Line, x: number, y: number) => Math.sign((l[2] - l[0]) * (y - l[1]) - (l[3] - l[1]) * (x - l[0]));
  return side(a, b[0], b[1]) * side(a, b[2], b[3]) < 0 && side(b, a[0], a[1]) * side(b, a[2], a[3]) < 0;
}
