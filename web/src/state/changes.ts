/* What would make a step fit, or what it leaves room for: changes of the query, each with the core's figures for it. */
import { ActmemError } from '../../../wasm/actmem';
import type { Bytes, Field, Microseconds, Report } from '../../../wasm/report';
import { timeOf } from '../format/time';
import type { Question } from './ask';
import { type Changes, changeQuery, withoutSearches } from './query';

export type ChangeId = 'plan' | 'policy' | 'liger' | 'loss' | 'gpus' | 'batch' | 'seq' | 'optimizer' | 'lora' | 'together';

export interface Change {
  id: ChangeId;
  /** The text that makes it. */
  query: string;
  total: Bytes;
  /** By the roofline; null where nothing says. */
  step: Microseconds | null;
  config: Report['config'];
}

export interface Room {
  fits: boolean;
  /** Of those that fit. First what trains the same on the same GPU, by the step's time, then the others in the order of ORDER. */
  changes: Change[];
  /** Searched for within the memory, fitting or not: the longest sequence and the largest micro-batch. */
  seq: number | null;
  batch: number | null;
}

type Ask = (text: string) => Promise<Report>;

/* The same training on the same GPU; what else would help changes the hardware, the data or the result. */
const SAME: readonly ChangeId[] = ['plan', 'policy', 'liger', 'loss'];
const ORDER: readonly ChangeId[] = ['gpus', 'batch', 'seq', 'optimizer', 'lora', 'together'];

/** The question on a text, to be asked of `ask`: Room, whose answers are the core's. */
export function roomFor(fields: readonly Field[], ask: Question<Report>): Question<Room> {
  return async (text, signal) => {
    const asked: Ask = (query) => ask(query, signal);
    /* A change that the stack refuses is none. */
    const tried = async (id: ChangeId, changes: Changes): Promise<Change | null> => {
      try {
        return fitting(id, await asked(changeQuery(text, changes, fields)));
      } catch (error) {
        if (error instanceof ActmemError) return null;
        throw error;
      }
    };
    const now = await asked(`${text}&fit=yes`);
    const { answers } = now.fit ?? {};
    const fits = now.fit?.fits === true;
    const room = { fits, seq: answers?.seq.value ?? null, batch: answers?.batch.value ?? null };
    const { config } = now;
    const found: (Change | null)[] = [];
    const best = answers?.plan?.value ?? null;
    if (best !== null && config['checkpoint'] !== `budget:${best}`) {
      const plan = await tried('plan', { checkpoint: `budget:${best}`, reentrant: null });
      /* While it fits, a plan is only of interest if it is faster. */
      if (plan !== null && (!fits || faster(plan, now))) found.push(plan);
    }
    if (room.seq !== null && room.seq !== config['seq']) found.push(await tried('seq', { seq: String(room.seq) }));
    if (room.batch !== null && room.batch !== config['batch']) found.push(await tried('batch', { batch: String(room.batch) }));
    if (!fits) {
      found.push(await cheapest(now, tried));
      for (const [id, changes] of others(config)) found.push(await tried(id, changes));
      found.push(await moreGpus(text, now, fields, asked, tried));
      if (!found.some((change) => change !== null)) for (const changes of TOGETHER) found.push(await tried('together', changes));
    }
    return { ...room, changes: sorted(found.filter((change): change is Change => change !== null)) };
  };
}

function fitting(id: ChangeId, report: Report): Change | null {
  if (report.fit?.fits !== true) return null;
  return { id, query: withoutSearches(report.query), total: report.fit.total_bytes, step: stepOf(report), config: report.config };
}

const stepOf = ({ cost }: Report): Microseconds | null => (cost === undefined ? null : timeOf(cost, 'step_time'));
const faster = (change: Change, { cost }: Report): boolean => change.step !== null && cost !== undefined && change.step < (timeOf(cost, 'step_time') ?? 0);

/* The listed policies from the one that costs least on: the first that fits. */
async function cheapest({ checkpoint }: Report, tried: (id: ChangeId, changes: Changes) => Promise<Change | null>): Promise<Change | null> {
  const plans = checkpoint.plans.filter((p) => !p.chosen && !p.reentrant).sort((p, q) => (timeOf(p, 'step_time') ?? Infinity) - (timeOf(q, 'step_time') ?? Infinity) || p.peak_bytes - q.peak_bytes);
  for (const { policy } of plans) {
    const found = await tried('policy', { checkpoint: policy, reentrant: null });
    if (found !== null) return found;
  }
  return null;
}

function others(config: Report['config']): [ChangeId, Changes][] {
  const found: [ChangeId, Changes][] = [];
  if (config['stack'] === 'hf') {
    found.push(['liger', { stack: 'liger' }]);
    if (config['loss'] === 'hf') found.push(['loss', { loss: 'cut' }]);
  }
  if (config['optimizer'] === 'adamw') found.push(['optimizer', { optimizer: 'adamw_8bit' }]);
  if (config['trainable'] === 'all') found.push(['lora', { trainable: 'lora' }]);
  return found;
}

/* As few as hold it with everything shared out. */
async function moreGpus(text: string, { config, fit }: Report, fields: readonly Field[], asked: Ask, tried: (id: ChangeId, changes: Changes) => Promise<Change | null>): Promise<Change | null> {
  const zero = Number(config['zero']) > 0 ? String(config['zero']) : '3';
  try {
    const gpus = Number(config['zero']) > 0 ? fit?.answers?.gpus : (await asked(`${changeQuery(text, { zero, dp: '2' }, fields)}&fit=yes`)).fit?.answers?.gpus;
    if (gpus?.value == null) return null;
    const ranks = gpus.value / ['tp', 'cp', 'pp'].reduce((product, key) => product * Number(config[key]), 1);
    return await tried('gpus', { zero, dp: String(ranks) });
  } catch (error) {
    if (error instanceof ActmemError) return null;
    throw error;
  }
}

/* Where no change alone makes it fit. */
const TOGETHER: readonly Changes[] = [
  { checkpoint: 'full', optimizer: 'adamw_8bit' },
  { checkpoint: 'full', trainable: 'lora' },
  { checkpoint: 'full', zero: '3', dp: '8' },
  { checkpoint: 'full', zero: '3', dp: '64' },
];

function sorted(changes: readonly Change[]): Change[] {
  const rank = ({ id }: Change): number => (SAME.includes(id) ? -1 : ORDER.indexOf(id));
  return [...changes].sort((p, q) => rank(p) - rank(q) || (p.step ?? Infinity) - (q.step ?? Infinity) || q.total - p.total);
}
