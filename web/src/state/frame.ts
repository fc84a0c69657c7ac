/* The map's frame: as much of length as what fits needs, of micro-batch as what fits near the page's length, and the page's own point. */
import type { Field, FitMap, Report } from '../../../wasm/report';
import type { Question } from './ask';
import { changeQuery } from './query';

/* Values on an axis; so a range from a step to so many steps has round numbers. */
const VALUES = 64;
const LEAST_STEP = 8;
const LEAST_BATCH = 8;
/* Beyond what fits. */
const MARGIN = 1.4;
/* Of the page's length: shorter ones would push what fits into a corner. */
const NEAR = 1 / 4;

/** The text of a map that shows closely what fits in `map`, of a page with that config; null if that does already. */
export function frameOf(map: FitMap, text: string, config: Report['config'], fields: readonly Field[]): string | null {
  const { memory_bytes: memory, reserve_bytes: reserve, total_bytes: totals } = map;
  if (memory === null) return null;
  const fits = (total: number | null | undefined): boolean => total != null && total <= memory - reserve;
  const [batch, seq, tp, cp] = ['batch', 'seq', 'tp', 'cp'].map((key) => Number(config[key])) as [number, number, number, number];
  const longest = Math.max(seq, ...map.seq.filter((_, row) => totals[row]?.some(fits)));
  const largest = Math.max(batch, ...map.batch.filter((_, column) => totals.some((row, i) => (map.seq[i] ?? 0) >= seq * NEAR && fits(row[column]))));
  /* Each a multiple of what the ranks share out. */
  const parts = (config['sp'] === 'yes' ? tp : 1) * (cp > 1 ? 2 * cp : 1);
  const step = doubled(parts * Math.ceil(LEAST_STEP / parts), (longest * MARGIN) / VALUES);
  const most = Math.min(VALUES, doubled(LEAST_BATCH, largest * MARGIN));
  const end = map.seq.at(-1) ?? 0;
  /* The model may take no longer ones than the map has. */
  if (step * VALUES > end || most > (map.batch.at(-1) ?? 0) || (step * VALUES === end && most === map.batch.at(-1))) {
    return most < (map.batch.at(-1) ?? 0) ? changeQuery(text, { seq: `${map.seq[0] ?? 1}..${end}`, batch: `1..${most}` }, fields) : null;
  }
  return changeQuery(text, { seq: `${step}..${step * VALUES}`, batch: `1..${most}` }, fields);
}

/** The smallest of least, 2 least, 4 least, … that reaches so far. */
function doubled(least: number, reach: number): number {
  let value = least;
  while (value < reach) value *= 2;
  return value;
}

/** The map of a text in its frame. */
export const framed = (ask: Question<FitMap>, config: Report['config'], fields: readonly Field[]): Question<FitMap> => async (text, signal) => {
  const wide = await ask(text, signal);
  const close = frameOf(wide, text, config, fields);
  return close === null || signal.aborted ? wide : ask(close, signal);
};
