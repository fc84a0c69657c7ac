/* Lines over a number that doubles: totals against GPUs or micro-batches. */
import { max, min } from 'd3-array';
import { line } from 'd3-shape';
import type { Bytes, Units } from '../../../wasm/report';
import { axisUnit, formatTick } from '../format/bytes';
import { textWidth } from './measure';
import { scaleLinear } from './scale';

export interface Series {
  name: string;
  points: readonly { at: number; bytes: Bytes }[];
}

export interface SeriesLayout {
  width: number;
  height: number;
  frame: { left: number; right: number; top: number; bottom: number };
  lines: { name: string; path: string; dots: { x: number; y: number; at: number; bytes: Bytes }[]; labelY: number }[];
  /** Where the memory ends; null where none is named or it is above. */
  limit: number | null;
  xTicks: { at: number; text: string }[];
  yTicks: { at: number; text: string }[];
  unit: string;
}

const LINE = 15;
/* A piece of the line before its name. */
export const SAMPLE = 16;
/* Between numbers of the axis. */
const GAP = 8;

export function laySeries(series: readonly Series[], memory: Bytes | null, units: Units, width: number): SeriesLayout {
  const height = 300;
  const names = Math.max(0, ...series.map((s) => textWidth(s.name, 12)));
  const frame = { left: units === 'bytes' ? 112 : 46, right: width - names - SAMPLE - 18, top: 28, bottom: height - 40 };
  const all = series.flatMap((s) => s.points);
  const most = Math.max(1, max(all, (p) => p.bytes) ?? 1, memory ?? 0);
  const { divisor, unit } = axisUnit(most, units);
  const [least, last] = [min(all, (p) => p.at) ?? 1, max(all, (p) => p.at) ?? 1];
  const x = scaleLinear([Math.log2(least), Math.max(Math.log2(least) + 1, Math.log2(last))], [frame.left + 8, frame.right - 8]);
  const y = scaleLinear([0, (most / divisor) * 1.05], [frame.bottom, frame.top]);
  const lines = series
    .filter((s) => s.points.length > 0)
    .map(({ name, points }) => {
      const dots = points.map((p) => ({ ...p, x: x(Math.log2(p.at)), y: y(p.bytes / divisor) }));
      return { name, path: line<{ x: number; y: number }>().x((d) => d.x).y((d) => d.y)(dots) ?? '', dots, labelY: dots.at(-1)?.y ?? 0 };
    });
  /* Names of lines that end together stand apart. */
  let lowest = -Infinity;
  for (const labelled of [...lines].sort((p, q) => p.labelY - q.labelY)) lowest = labelled.labelY = Math.max(labelled.labelY, lowest + LINE);
  const ticks = [...new Set(all.map((p) => p.at))].sort((p, q) => p - q);
  /* Numbers that would run into one another are left out evenly, the last one never. */
  const widest = Math.max(0, ...ticks.map((at) => textWidth(String(at), 12)));
  const apart = (frame.right - frame.left - 16) / Math.max(1, ticks.length - 1);
  const every = Math.max(1, Math.ceil((widest + GAP) / apart));
  const said = ticks.filter((_, i) => (ticks.length - 1 - i) % every === 0);
  return {
    width,
    height,
    frame,
    lines,
    limit: memory === null ? null : y(memory / divisor),
    xTicks: said.map((at) => ({ at: x(Math.log2(at)), text: String(at) })),
    yTicks: y.ticks(4).map((t) => ({ at: y(t), text: formatTick(t) })),
    unit,
  };
}
