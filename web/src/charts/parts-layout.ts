/* Live bytes over the step as areas, one above the other: what they are of. */
import { area, line } from 'd3-shape';
import type { Bytes, LivePart, TimelinePart, TimelinePoint } from '../../../wasm/report';
import { type Corner, fillIn, outline, type TimelineLayout } from './timeline-layout';

/** A part in the layers between those that were played, too. */
export interface FilledPart {
  part: LivePart;
  saved: boolean;
  /** By the index of a reading. */
  bytes: readonly Bytes[];
}

export interface PartArea {
  part: LivePart;
  saved: boolean;
  area: string;
  /** Its upper edge. */
  edge: string;
}

/* From the bottom: what stays longest is lowest. */
const ORDER: readonly LivePart[] = [
  'lasting', 'attention', 'mlp', 'norm', 'residual', 'embedding', 'head', 'loss', 'checkpoint', 'output', 'gathered', 'cached', 'recomputed', 'returned', 'temporary', 'reduced', 'gradient',
];

/** From the bottom of the stack. */
export function fillParts(timeline: readonly TimelinePoint[], parts: readonly TimelinePart[]): FilledPart[] {
  const ordered = [...parts].sort((a, b) => ORDER.indexOf(a.part) - ORDER.indexOf(b.part));
  return ordered.map(({ part, saved, bytes }) => ({ part, saved, bytes: fillIn(timeline.map((point, i) => withBytes(point, bytes[i]))).map((p) => p[4]) }));
}

/** In the places of the timeline's own layout. */
export function layParts(timeline: readonly TimelinePoint[], parts: readonly FilledPart[], { readings, heightOf }: TimelineLayout): PartArea[] {
  const points = fillIn(timeline);
  const kept = readings.map((r) => r.i);
  const places = new Map(readings.map((r) => [r.i, r.x]));
  const corners = (bytes: readonly Bytes[]): Corner[] => outline(points.map((point, i) => withBytes(point, bytes[i])), kept, (i) => places.get(i) ?? 0, (p) => heightOf(p[4]));
  let sums = points.map(() => 0);
  let floor = corners(sums);
  return parts.map(({ part, saved, bytes }) => {
    const under = floor;
    sums = sums.map((sum, i) => sum + (bytes[i] ?? 0));
    floor = corners(sums);
    const shape = area<Corner>().x((c) => c[0]).y0((_, i) => under[i]?.[1] ?? 0).y1((c) => c[1]);
    const edge = line<Corner>().x((c) => c[0]).y((c) => c[1]);
    return { part, saved, area: shape(floor) ?? '', edge: edge(floor) ?? '' };
  });
}

const withBytes = ([phase, layer, module, op]: TimelinePoint, bytes: Bytes | undefined): TimelinePoint => [phase, layer, module, op, bytes ?? 0];
