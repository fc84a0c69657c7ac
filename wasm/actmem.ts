/** Loads core.wasm and talks to it: text in, JSON text out, through the two buffers of exports.c. */
import type { ErrorDocument, Report, Tables } from './report.js';
import { completer } from './words.js';

/** What the core exports; wasm/exports.h says what each does. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  am_input(): number;
  am_input_size(): number;
  am_output(): number;
  am_wasm_evaluate(length: number): number;
  am_wasm_import(length: number): number;
  _initialize?(): void;
}

/** Why the core refused an input: `code` is a code of core/status.def, `field` the input at fault, empty if none is. */
export class ActmemError extends Error {
  override readonly name = 'ActmemError';
  readonly code: string;
  readonly field: string;

  constructor(code: string, field: string, message: string) {
    super(message);
    this.code = code;
    this.field = field;
  }
}

export interface Core {
  /** The report on `key=value` text. Throws ActmemError. */
  evaluate(text: string): Report;
  /** The same as the core wrote it: byte for byte what `build/actmem --json` prints, but without the tables' words. Throws ActmemError. */
  evaluateJson(text: string): string;
  /** The keys that a Hugging Face config.json sets, as text for `evaluate`. Throws ActmemError. */
  import(json: string): { query: string };
  /** Every input, preset, symbol, component and element type that the core knows, and the words of its reports. */
  readonly tables: Tables;
}

/** Compiles and starts the core. The wasm needs no imports. `words` is tables.json, which `build/actmem --tables` writes. */
export async function loadCore(source: BufferSource | Response | URL, words: Tables | Response | URL): Promise<Core> {
  const [bytes, tables] = await Promise.all([
    bodyOf(source, 'core.wasm', (response) => response.arrayBuffer()),
    bodyOf(words, 'tables.json', async (response) => (await response.json()) as Tables),
  ]);
  const { instance } = await WebAssembly.instantiate(bytes);
  const exports = instance.exports as unknown as Exports;
  exports._initialize?.();
  return coreOf(exports, tables);
}

async function bodyOf<T>(source: T | Response | URL, name: string, read: (response: Response) => Promise<T>): Promise<T> {
  const body = source instanceof URL ? await fetch(source) : source;
  if (!(body instanceof Response)) return body;
  if (!body.ok) throw new Error(`${name}: ${body.status} ${body.statusText}`.trimEnd());
  return read(body);
}

function coreOf(exports: Exports, tables: Tables): Core {
  const complete = completer(tables);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  // Made anew on every call: a view goes stale if its memory's buffer is ever replaced.
  const view = (start: number, length: number) => new Uint8Array(exports.memory.buffer, start, length);

  /** Puts text into the input buffer, or fails with `code`. Returns its length in bytes. */
  const write = (text: string, code: string, what: string): number => {
    const { read, written } = encoder.encodeInto(text, view(exports.am_input(), exports.am_input_size()));
    if (read < text.length) throw new ActmemError(code, '', `${what} is larger than 1 MiB`);
    return written;
  };

  /** The answer of |length| bytes, or the error that a length below 0 stands for. */
  const read = (length: number): string => {
    const json = decoder.decode(view(exports.am_output(), Math.abs(length)));
    if (length > 0) return json;
    const { error } = JSON.parse(json) as ErrorDocument;
    throw new ActmemError(error.code, error.field, error.message);
  };

  const evaluateJson = (text: string) => read(exports.am_wasm_evaluate(write(text, 'syntax', 'the text')));
  return {
    evaluate: (text) => complete(JSON.parse(evaluateJson(text)) as Report),
    evaluateJson,
    import: (json) => JSON.parse(read(exports.am_wasm_import(write(json, 'bad_config', 'config.json')))) as { query: string },
    tables,
  };
}
