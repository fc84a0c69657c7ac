/* Formulas on one line, from the lowest to the highest, by how many times what is kept they say. A ratio's distance is its logarithm. */
import type { Bytes, Formula } from '../../../wasm/report';
import { textWidth } from './measure';
import { scaleLinear } from './scale';

/** What a figure is of: all that is kept, or one layer. */
export type Extent = 'all' | 'layer';

export interface Said {
  formula: Formula;
  bytes: Bytes;
  /** Of what actmem says. */
  ratio: number;
}

export interface Dot extends Said {
  x: number;
  y: number;
  chosen: boolean;
  /** Lowest, highest and chosen are named. */
  label: { x: number; y: number; anchor: 'start' | 'middle' | 'end'; text: string } | null;
}

export interface StripLayout {
  width: number;
  height: number;
  frame: { left: number; right: number; top: number; bottom: number };
  dots: Dot[];
  /** Where actmem's own figure stands. */
  ours: number;
  ticks: { at: number; text: string }[];
}

/** The formulas that can be held against what is kept, lowest first. */
export function saidOf(formulas: readonly Formula[], extent: Extent, ours: Bytes): Said[] {
  return formulas
    .flatMap((formula): Said[] => {
      const bytes = extent === 'all' ? (formula.compares === 'model' ? formula.bytes : null) : formula.layer_expression !== null ? formula.layer_bytes : formula.compares === 'layer' ? formula.bytes : null;
      return bytes === null || bytes <= 0 || ours <= 0 ? [] : [{ formula, bytes, ratio: bytes / ours }];
    })
    .sort((x, y) => x.bytes - y.bytes || x.formula.name.localeCompare(y.formula.name));
}

const SIZE = 12;
const STEP = 13; /* between dots that would overlap */
const ROUND = [1, 2, 5];

export function layStrip(said: readonly Said[], chosen: string | null, width: number): StripLayout {
  const ratios = said.map((s) => s.ratio);
  const least = Math.min(0.5, ...ratios) * 0.9;
  const most = Math.max(2, ...ratios) * 1.1;
  const left = 10;
  const right = width - 10;
  const scale = scaleLinear([Math.log(least), Math.log(most)], [left, right]);
  const at = (ratio: number): number => scale(Math.log(ratio));

  /* Each dot as near to the line as it fits beside those before it. */
  const placed: { x: number; level: number }[] = [];
  const levels = said.map(({ ratio }) => {
    const x = at(ratio);
    let level = 0;
    while (placed.some((p) => Math.abs(p.x - x) < STEP && p.level === level)) level = level > 0 ? -level : -level + 1;
    placed.push({ x, level });
    return level;
  });
  const up = Math.max(0, ...levels);
  const down = Math.max(0, ...levels.map((l) => -l));
  const top = 40 + up * STEP;
  const bottom = top + down * STEP + 40;

  const dots = said.map((s, i): Dot => ({ ...s, x: at(s.ratio), y: top - (levels[i] ?? 0) * STEP, chosen: s.formula.id === chosen, label: null }));
  name(dots, left, right, bottom);
  return { width, height: bottom + 40, frame: { left, right, top: 22, bottom }, dots, ours: at(1), ticks: ticksOf(least, most).map((ratio) => ({ at: at(ratio), text: `${ratio}×` })) };
}

/* Below the dots: the ends, and the chosen one unless it is an end. */
function name(dots: Dot[], left: number, right: number, bottom: number): void {
  const ends = [dots[0], dots.at(-1)].filter((d) => d !== undefined);
  const taken: [number, number][] = [];
  for (const dot of [...dots.filter((d) => d.chosen), ...ends]) {
    if (dot.label !== null) continue;
    const text = dot.formula.name;
    const width = textWidth(text, SIZE) * (dot.chosen ? 1.12 : 1);
    const from = Math.max(left, Math.min(right - width, dot.x - width / 2));
    if (taken.some(([a, b]) => from < b + 12 && from + width > a - 12)) continue;
    taken.push([from, from + width]);
    dot.label = { x: from, y: bottom - 6, anchor: 'start', text };
  }
}

/* 0.1, 0.2, 0.5, 1, 2, 5, …: all of them, or by tens where there is no room. */
function ticksOf(least: number, most: number): number[] {
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power++) {
    for (const round of ROUND) {
      const tick = Number((round * 10 ** power).toPrecision(1));
      if (tick >= least && tick <= most) all.push(tick);
    }
  }
  return all;
}
