/* Questions that take whole.wasm a second or more: asked on a thread of their own, where the page waits for none. */
import { ActmemError } from '../../../wasm/actmem';
import type { Report } from '../../../wasm/report';

export type Asked = { id: number; text: string; whole: string };
export type Told = { id: number; report: Report } | { id: number; code: string; field: string; message: string };

let worker: Worker | null = null;
let next = 0;
const waiting = new Map<number, { resolve: (report: Report) => void; reject: (error: Error) => void }>();

function start(): Worker {
  const made = new Worker(new URL('./ask-worker.ts', import.meta.url), { type: 'module' });
  made.onmessage = ({ data }: MessageEvent<Told>) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if ('report' in data) asked?.resolve(data.report);
    else asked?.reject(data.code === '' ? new Error(data.message) : new ActmemError(data.code, data.field, data.message));
  };
  /* It did not start, or fell: the next question starts another. */
  made.onerror = (event) => {
    event.preventDefault();
    made.terminate();
    worker = null;
    for (const { reject } of waiting.values()) reject(new Error(event.message === '' || event.message === undefined ? 'the search did not start' : event.message));
    waiting.clear();
  };
  return made;
}

/** The report on `text` by whole.wasm. Throws ActmemError if the core refuses it. */
export function ask(text: string): Promise<Report> {
  worker ??= start();
  const asked: Asked = { id: next++, text, whole: new URL('whole.wasm', document.baseURI).href };
  return new Promise((resolve, reject) => {
    waiting.set(asked.id, { resolve, reject });
    worker?.postMessage(asked);
  });
}
