/* A run of the benchmark, and what stays of it on this device. Nothing of it is sent anywhere. */
import bench from '../../made/bench.wasm?url';
import { type Device, type Ending, type Figures, type Measure, MEASURES, type Omission, type Rates, type Told } from '../../../wasm/gpu';
import type { Asked } from './bench-worker';

/** Milliseconds that it takes at most. */
export const BUDGET = 20_000;
/** Of them, until its thread has started. */
const STARTING = 200;

export interface Outcome {
  stored: Figures;
  recomputed?: Figures;
}

export interface Run {
  /** ISO 8601 */
  when: string;
  device: Device | null;
  results: Partial<Record<Measure, Outcome>>;
  omitted: Partial<Record<Measure, Omission>>;
  rates: Rates | null;
  ending: Ending | null;
  milliseconds: number;
  detail: string;
}

const EMPTY: Run = { when: '', device: null, results: {}, omitted: {}, rates: null, ending: null, milliseconds: 0, detail: '' };

/** What a run has come to when it is told one thing more. */
export function withTold(run: Run, told: Told): Run {
  switch (told.kind) {
    case 'device':
      return { ...run, device: told.device };
    case 'progress':
      return run;
    case 'result':
      return { ...run, results: { ...run.results, [told.measure]: { ...run.results[told.measure], [told.variant]: told.figures } } };
    case 'omitted':
      return { ...run, omitted: { ...run.omitted, [told.measure]: told.omission } };
    case 'rates':
      return { ...run, rates: told.rates };
    case 'end':
      return { ...run, omitted: told.ending === 'time' ? withRest(run) : run.omitted, ending: told.ending, milliseconds: told.milliseconds, detail: told.detail };
  }
}

/* What nothing was told of when the time was up. */
function withRest({ results, omitted }: Run): Run['omitted'] {
  const rest = MEASURES.filter((m) => results[m] === undefined && omitted[m] === undefined);
  return { ...omitted, ...Object.fromEntries(rest.map((m) => [m, 'time'])) };
}

/** Starts one in a Worker. `changed` is called with all that is known, and with what is under way; the returned function stops it. */
export function measure(changed: (run: Run, now: { measure: Measure; share: number } | null) => void): () => void {
  const worker = new Worker(new URL('./bench-worker.ts', import.meta.url), { type: 'module' });
  const post = worker.postMessage.bind(worker) as (asked: Asked) => void;
  let run: Run = { ...EMPTY, when: new Date().toISOString() };
  let now: { measure: Measure; share: number } | null = null;
  const hidden = () => document.hidden && post({ kind: 'stop', why: 'hidden' });
  const take = (told: Told) => {
    if (run.ending !== null) return;
    run = withTold(run, told);
    if (told.kind === 'progress') now = told;
    if (told.kind === 'end') {
      clearTimeout(watchdog);
      document.removeEventListener('visibilitychange', hidden);
      worker.terminate();
      now = null;
    }
    changed(run, now);
  };
  worker.onmessage = ({ data }: MessageEvent<Told>) => take(data);
  worker.onerror = (event) => {
    event.preventDefault();
    take({ kind: 'end', ending: 'refused', milliseconds: 0, detail: event.message || 'its thread did not start' });
  };
  /* Where the browser holds even its thread. */
  const watchdog = setTimeout(() => take({ kind: 'end', ending: 'time', milliseconds: BUDGET, detail: '' }), BUDGET);
  document.addEventListener('visibilitychange', hidden);
  post({ kind: 'start', module: new URL(bench, document.baseURI).href, budget: BUDGET - STARTING });
  return () => post({ kind: 'stop', why: 'cancelled' });
}

/* ---- history */

const KEY = 'actmem.gpu';
const MOST = 20;

/** Runs on this device, the last one first; none where the browser keeps nothing. */
export function readHistory(): Run[] {
  try {
    const runs: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(runs) ? (runs as Run[]).filter((run) => typeof run?.when === 'string' && typeof run.results === 'object') : [];
  } catch {
    return [];
  }
}

/** Adds one and returns all. One that measured nothing is not kept. */
export function addToHistory(run: Run): Run[] {
  const runs = Object.keys(run.results).length === 0 ? readHistory() : [run, ...readHistory()].slice(0, MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(runs));
  } catch {
    /* Full, or not allowed: the page shows it as long as it is open. */
  }
  return runs;
}

export function clearHistory(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    /* Then there is none. */
  }
}

/** The inputs that stand for a measured GPU. */
export function inputsOf({ gflops, fp32, bandwidth }: Rates): Record<string, string> {
  const whole = (rate: number) => String(Math.max(1, Math.round(rate)));
  return { device: 'mine', device_gflops: whole(gflops), device_fp32_gflops: whole(fp32), device_bandwidth: whole(bandwidth) };
}
