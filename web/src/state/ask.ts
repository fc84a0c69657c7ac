/* Questions that may take whole.wasm a second or more: asked on threads of their own, where the page waits for none. */
import { ActmemError } from '../../../wasm/actmem';
import type { FitMap, Report } from '../../../wasm/report';
import { wholeFile } from './files';

/** What a table of many configurations says of each: a report is a hundred times that, and would have to be copied from thread to thread. */
export type Brief = Pick<Report, 'query' | 'fit' | 'cost'>;

export interface Answers {
  evaluate: Report;
  brief: Brief;
  map: FitMap;
}
export type Call = keyof Answers;
export type Asked = { id: number; call: Call; text: string; whole: string };
export type Told = { id: number; answer: Answers[Call] } | { id: number; code: string; field: string; message: string };

interface Waiting {
  asked: Asked;
  /** Says that nobody waits for it any more. */
  signal: AbortSignal | undefined;
  resolve: (answer: Answers[Call]) => void;
  reject: (error: unknown) => void;
}

class Thread {
  #worker: Worker | null = null;
  #next = 0;
  /* The first is being answered. The thread is given one at a time, so that what nobody waits for is never begun. */
  #waiting: Waiting[] = [];

  ask<C extends Call>(call: C, text: string, signal?: AbortSignal): Promise<Answers[C]> {
    const asked: Asked = { id: this.#next++, call, text, whole: wholeFile.href };
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, signal, resolve: resolve as Waiting['resolve'], reject });
      if (this.#waiting.length === 1) this.#begin();
    });
  }

  /** Ends what it is at; the next question starts it again. */
  stop(message: string): void {
    this.#worker?.terminate();
    this.#worker = null;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(new Error(message));
  }

  get busy(): boolean {
    return this.#waiting.length > 0;
  }

  #begin(): void {
    for (let first = this.#waiting[0]; first?.signal?.aborted === true; first = this.#waiting[0]) {
      this.#waiting.shift();
      first.reject(first.signal.reason);
    }
    const first = this.#waiting[0];
    if (first !== undefined) (this.#worker ??= this.#start()).postMessage(first.asked);
  }

  #start(): Worker {
    const made = new Worker(new URL('./ask-worker.ts', import.meta.url), { type: 'module' });
    made.onmessage = ({ data }: MessageEvent<Told>) => {
      const first = this.#waiting[0];
      if (first?.asked.id !== data.id) return;
      this.#waiting.shift();
      this.#begin();
      if ('answer' in data) first.resolve(data.answer);
      else first.reject(data.code === '' ? new Error(data.message) : new ActmemError(data.code, data.field, data.message));
    };
    /* It did not start, or fell. */
    made.onerror = (event) => {
      event.preventDefault();
      this.stop(event.message === '' || event.message === undefined ? 'the search did not start' : event.message);
    };
    return made;
  }
}

const searches = new Thread();
const maps = new Thread();
const plans = new Thread();

/** A question to be asked with useSearch. `signal` says that nobody waits for the answer any more. */
export type Question<T> = (text: string, signal: AbortSignal) => Promise<T>;

/** The report on a text by whole.wasm. Throws ActmemError if the core refuses it. */
export const report: Question<Report> = (text, signal) => searches.ask('evaluate', text, signal);

/** The same, of many. */
export const brief: Question<Brief> = (text, signal) => searches.ask('brief', text, signal);

/** The same, for what the page itself shows: it waits behind no other search. */
export const shown: Question<Report> = (text, signal) => plans.ask('evaluate', text, signal);

/** Why a map was given up. */
export class TooSlow extends Error {}

/* Milliseconds. A map takes a tenth of a second, but where each of its 4,096 steps has to search for a plan first, a minute or more. */
const PATIENCE = 5000;

const mapWithin = (patience: number): Question<FitMap> => async (text, signal) => {
  /* The last one is of no use any more, and would be in the way. */
  if (maps.busy) maps.stop('another map is asked for');
  let slow = false;
  const timer = Number.isFinite(patience) ? setTimeout(() => ((slow = true), maps.stop('')), patience) : undefined;
  const stop = () => maps.stop('');
  signal.addEventListener('abort', stop);
  try {
    return await maps.ask('map', text);
  } catch (error) {
    throw slow ? new TooSlow() : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
};

/** The map of a text; TooSlow if it does not come soon. */
export const map = mapWithin(PATIENCE);
/** However long it takes. */
export const patientMap = mapWithin(Infinity);
