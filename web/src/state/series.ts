/* One figure of many configurations: each a change of the same text, answered by the core on a thread of its own. */
import { ActmemError } from '../../../wasm/actmem';
import type { Bytes, Field, Microseconds } from '../../../wasm/report';
import { timeOf } from '../format/time';
import type { Brief, Question } from './ask';
import { type Changes, changeQuery } from './query';

export interface Sample {
  /** The text that gives it. */
  query: string;
  total: Bytes;
  fits: boolean | null;
  by: { name: string; bytes: Bytes }[];
  step: Microseconds | null;
}

/** A sample, or why the core refuses it. */
export type Sampled = Sample | { refused: string };

export const isSample = (sampled: Sampled | undefined): sampled is Sample => sampled !== undefined && !('refused' in sampled);

/* Nobody looks at their timelines. */
const BARE: Changes = { timeline: 'none' };

/** The question that is answered by as many samples as there are changes, in their order. */
export function samplesOf(fields: readonly Field[], ask: Question<Brief>, changes: (text: string) => readonly Changes[]): Question<Sampled[]> {
  return (text, signal) =>
    Promise.all(
      changes(text).map(async (change): Promise<Sampled> => {
        try {
          return sampleOf(await ask(changeQuery(text, { ...change, ...BARE }, fields), signal), fields);
        } catch (error) {
          if (error instanceof ActmemError) return { refused: error.message };
          throw error;
        }
      }),
    );
}

function sampleOf({ query, fit, cost }: Brief, fields: readonly Field[]): Sampled {
  if (fit === undefined) return { refused: 'it has no total' };
  return { query: changeQuery(query, { timeline: null }, fields), total: fit.total_bytes, fits: fit.fits, by: fit.by, step: cost === undefined ? null : timeOf(cost, 'step_time') };
}

/** Ways to cut so many sequences into micro-batches of equal size: [size, how many], the largest first. */
export function cuts(sequences: number): [size: number, count: number][] {
  const found: [number, number][] = [];
  for (let count = 1; count <= sequences; count++) if (sequences % count === 0) found.push([sequences / count, count]);
  /* Of very many the doublings. */
  return found.length <= 8 ? found : found.filter(([, count]) => Number.isInteger(Math.log2(count)) || count === sequences);
}
