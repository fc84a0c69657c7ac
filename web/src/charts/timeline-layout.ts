/* Live bytes over the step, by the order of events. */
import { area, line } from 'd3-shape';
import type { Bytes, Step, TimelinePoint, Units } from '../../../wasm/report';
import { axisUnit, formatTick } from '../format/bytes';
import { scaleLinear } from './scale';

export interface Phase {
  name: string;
  x0: number;
  x1: number;
}

/** What stands at a place of the line. */
export interface Reading {
  /** Of the points with those that were filled in. */
  i: number;
  x: number;
  y: number;
  point: TimelinePoint;
  /** Of a layer that was not played but drawn between two like it. */
  between: boolean;
}

/** Of a step what is drawn. */
export type Course = Pick<Step, 'timeline' | 'timeline_modules' | 'timeline_ops' | 'peak_at'>;

export interface TimelineLayout {
  width: number;
  height: number;
  frame: { left: number; right: number; top: number; bottom: number };
  area: string;
  line: string;
  phases: Phase[];
  /** From left to right. */
  readings: Reading[];
  peak: { x: number; y: number } | null;
  /** Another step in the same axes, its forward and backward as wide as this one's. */
  before: { line: string; peak: { x: number; y: number; bytes: Bytes } } | null;
  yTicks: { at: number; text: string }[];
  unit: string;
  /** Where so many bytes stand. */
  heightOf: (bytes: Bytes) => number;
}

export function layTimeline(step: Course, units: Units, width: number, without: Pick<Step, 'timeline'> | null = null, reach: Bytes = 0): TimelineLayout {
  const height = Math.round(Math.min(260, Math.max(190, width * 0.22)));
  const frame = { left: 58, right: width - 14, top: 28, bottom: height - 26 };
  const points = fillIn(step.timeline);
  const others = without === null ? [] : fillIn(without.timeline);
  const most = Math.max(1, reach, ...points.map((p) => p[4]), ...others.map((p) => p[4]));
  const { divisor, unit } = axisUnit(most, units);
  const times = timesOf(points);
  const x = scaleLinear([0, Math.max(1, times.at(-1) ?? 1)], [frame.left, frame.right]);
  const y = scaleLinear([0, (most / divisor) * 1.04], [frame.bottom, frame.top]);
  const heightOf = (bytes: Bytes): number => y(bytes / divisor);
  const at = (p: TimelinePoint): number => heightOf(p[4]);
  const px = (i: number): number => x(times[i] ?? 0);
  const thinned = thin(points, frame.right - frame.left);
  const corners = outline(points, thinned, px, at);
  const played = new Set(step.timeline);
  const shape = area<Corner>().x((c) => c[0]).y0(frame.bottom).y1((c) => c[1]);
  const edge = line<Corner>().x((c) => c[0]).y((c) => c[1]);
  const top = highest(points);
  const turn = points.findIndex((p) => p[0] !== 0);
  const phases = turn <= 0 ? [] : [
    { name: 'forward', x0: frame.left, x1: px(turn) },
    { name: 'backward', x0: px(turn), x1: frame.right },
  ];
  const other = highest(others);
  const otherX = turn <= 0 ? null : beside(others, { left: frame.left, turn: px(turn), right: frame.right });
  return {
    width,
    height,
    frame,
    before: otherX === null || others.length === 0 ? null : {
      line: edge(outline(others, thin(others, frame.right - frame.left), otherX, at)) ?? '',
      peak: { x: otherX(other), y: at(others[other] as TimelinePoint), bytes: others[other]?.[4] ?? 0 },
    },
    area: shape(corners) ?? '',
    line: edge(corners) ?? '',
    phases,
    readings: thinned.map((i) => {
      const point = points[i] as TimelinePoint;
      return { i, x: px(i), y: at(point), point, between: !played.has(point) };
    }),
    peak: points.length === 0 ? null : { x: px(top), y: at(points[top] as TimelinePoint) },
    heightOf,
    yTicks: y.ticks(3).map((t) => ({ at: y(t), text: formatTick(t) })),
    unit,
  };
}

const highest = (points: readonly TimelinePoint[]): number => points.reduce((best, p, i) => (p[4] > (points[best]?.[4] ?? -1) ? i : best), 0);

/* Where points stand if their forward and backward are to end where those of another step do; null if they have not both. */
function beside(points: readonly TimelinePoint[], to: { left: number; turn: number; right: number }): ((i: number) => number) | null {
  const times = timesOf(points);
  const turn = times[points.findIndex((p) => p[0] !== 0)] ?? 0;
  const end = times.at(-1) ?? 0;
  if (turn <= 0 || end <= turn) return null;
  const forward = scaleLinear([0, turn], [to.left, to.turn]);
  const backward = scaleLinear([turn, end], [to.turn, to.right]);
  return (i) => {
    const time = times[i] ?? 0;
    return time < turn ? forward(time) : backward(time);
  };
}

export type Corner = [x: number, y: number];

/* Only some layers are played; bytes go straight from one layer to the next like it. The layers between two like ones are drawn between them. */
export function fillIn(points: readonly TimelinePoint[]): TimelinePoint[] {
  const filled: TimelinePoint[] = [];
  let before: TimelinePoint[] = [];
  for (const run of runsOf(points)) {
    const gap = skipped(before[0], run[0]);
    if (gap > 0 && alike(before, run)) {
      for (let k = 1; k <= gap; k++) {
        const share = k / (gap + 1);
        run.forEach((to, i) => {
          const from = before[i] as TimelinePoint;
          filled.push([to[0], Math.round(from[1] + (to[1] - from[1]) * share), to[2], to[3], from[4] + (to[4] - from[4]) * share]);
        });
      }
    }
    filled.push(...run);
    before = run;
  }
  return filled;
}

/* Points of one layer in one direction, together. */
function runsOf(points: readonly TimelinePoint[]): TimelinePoint[][] {
  const runs: TimelinePoint[][] = [];
  for (const point of points) {
    const last = runs.at(-1)?.[0];
    if (last !== undefined && last[1] === point[1] && (last[0] === 0) === (point[0] === 0)) runs.at(-1)?.push(point);
    else runs.push([point]);
  }
  return runs;
}

function alike(a: readonly TimelinePoint[], b: readonly TimelinePoint[]): boolean {
  return a.length === b.length && a.every((p, i) => p[0] === b[i]?.[0] && p[2] === b[i]?.[2] && p[3] === b[i]?.[3]);
}

/* How many layers lie between two points; outside the layers none do. */
function skipped(a: TimelinePoint | undefined, b: TimelinePoint | undefined): number {
  return a === undefined || b === undefined || a[1] < 0 || b[1] < 0 ? 0 : Math.max(0, Math.abs(b[1] - a[1]) - 1);
}

/* Where layers are still left out, as much room as they would take. */
function timesOf(points: readonly TimelinePoint[]): number[] {
  const runs = runsOf(points).filter((r) => (r[0]?.[1] ?? -1) >= 0);
  const usual = runs.reduce((sum, r) => sum + r.length, 0) / Math.max(1, runs.length);
  let time = 0;
  return points.map((point, i) => {
    if (i > 0) time += 1 + skipped(points[i - 1], point) * usual;
    return time;
  });
}

export function outline(points: readonly TimelinePoint[], kept: readonly number[], x: (i: number) => number, y: (p: TimelinePoint) => number): Corner[] {
  return kept.flatMap((i, k): Corner[] => {
    const point = points[i] as TimelinePoint;
    const before = points[kept[k - 1] ?? -1];
    const corner: Corner = [x(i), y(point)];
    return before === undefined || skipped(before, point) > 2 ? [corner] : [[x(i), y(before)], corner];
  });
}

/* Of each pixel's points the lowest and the highest, so that no peak is lost. */
function thin(points: readonly TimelinePoint[], pixels: number): number[] {
  const each = Math.ceil(points.length / Math.max(1, pixels));
  if (each <= 2) return points.map((_, i) => i);
  const kept: number[] = [];
  for (let from = 0; from < points.length; from += each) {
    let low = from;
    let high = from;
    for (let i = from; i < Math.min(points.length, from + each); i++) {
      if ((points[i]?.[4] ?? 0) < (points[low]?.[4] ?? 0)) low = i;
      if ((points[i]?.[4] ?? 0) > (points[high]?.[4] ?? 0)) high = i;
    }
    kept.push(...(low === high ? [low] : low < high ? [low, high] : [high, low]));
  }
  return kept;
}
