/* The map of totals over micro-batch and sequence length, as runs of cells of one level. A pure function of the core's figures. */
import type { Bytes, FitMap } from '../../../wasm/report';

/** Shares of the memory: what takes no more is of that level; behind the last what the stack refuses. */
export const LEVELS = [
  { most: 0.25, label: '25 %' },
  { most: 0.5, label: '50 %' },
  { most: 0.75, label: '75 %' },
  { most: 1, label: '100 %: fits' },
  { most: 1.5, label: '150 %: does not fit' },
  { most: 3, label: '300 %' },
  { most: Infinity, label: 'more' },
] as const;
export const REFUSED = LEVELS.length;
/** The first level that does not fit. */
export const TOO_MUCH = 4;

export interface Run {
  level: number;
  /** Index of the length, from the shortest. */
  row: number;
  first: number;
  count: number;
}

export interface FitMapLayout {
  runs: Run[];
  /** By micro-batch: how many of the lengths fit, from the shortest. */
  fitting: number[];
  columns: number;
  rows: number;
}

export function levelOf(total: Bytes | null, room: Bytes): number {
  if (total === null) return REFUSED;
  return LEVELS.findIndex(({ most }) => total <= most * room);
}

export function fitMapLayout(map: FitMap, room: Bytes): FitMapLayout {
  const runs: Run[] = [];
  map.total_bytes.forEach((totals, row) => {
    let last: Run | null = null;
    totals.forEach((total, column) => {
      const level = levelOf(total, room);
      if (last !== null && last.level === level) last.count++;
      else runs.push((last = { level, row, first: column, count: 1 }));
    });
  });
  const fitting = map.batch.map((_, column) => map.seq.filter((__, row) => levelOf(map.total_bytes[row]?.[column] ?? null, room) < TOO_MUCH).length);
  return { runs, fitting, columns: map.batch.length, rows: map.seq.length };
}

/** The place of a number among rising ones: the last that is no larger. */
export function placeOf(values: readonly number[], value: number): number {
  let place = 0;
  while (place + 1 < values.length && (values[place + 1] ?? Infinity) <= value) place++;
  return place;
}

/** So many places, evenly, the first and the last among them. */
export function evenly(count: number, wanted: number): number[] {
  if (count <= wanted) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: wanted }, (_, i) => Math.round((i * (count - 1)) / (wanted - 1)));
}

/** Places to name on an axis: the first and those of round values, multiples of it by a power of two; evenly where those are none. */
export function named(values: readonly number[], most: number): number[] {
  const first = values[0] ?? 0;
  for (let step = first; first > 0 && step < (values.at(-1) ?? 0); step *= 2) {
    const round = values.flatMap((value, place) => (place > 0 && value % step === 0 ? [place] : []));
    if (round.length === 0) break;
    /* Beside the first there has to be room. */
    if (round.length < most) return [0, ...round.filter((place) => place >= values.length / most / 2)];
  }
  return evenly(values.length, most);
}
