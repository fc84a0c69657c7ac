/** Loads core.wasm and whole.wasm and talks to them: text in, JSON text out, through the two buffers of exports.h. */
import type { ErrorDocument, FitMap, FormulaTable, Report, Tables, Toy } from './report.js';
import { completer } from './words.js';

/** What every module exports; wasm/exports.h says what each function does. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  am_input(): number;
  am_input_size(): number;
  am_output(): number;
  _initialize?(): void;
}
type Ask = (length: number) => number;

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

/** core.wasm: small, for the first answer. */
export interface Core {
  /** The report on `key=value` text, without `fit` and `formulas`. Throws ActmemError; its code is "elsewhere", without a field or a message, wherever whole.wasm is to be asked. */
  evaluate(text: string): Report;
  /** Every input, preset, symbol, component and element type that the core knows, and the words of its reports. */
  readonly tables: Tables;
}

/** whole.wasm: every model, stack and loss head, and published formulas. */
export interface Whole {
  /** The report on `key=value` text. Throws ActmemError. */
  evaluate(text: string): Report;
  /** The same, byte for byte what `build/actmem --json` prints. Throws ActmemError. */
  evaluateJson(text: string): string;
  /** The keys that a Hugging Face config.json sets, as text for `evaluate`. Throws ActmemError. */
  import(json: string): { query: string };
  /** The totals over micro-batch and sequence length; in the text either may be a range, `batch=1..64`. Throws ActmemError. */
  map(text: string): FitMap;
  /** The same, byte for byte what `build/actmem --map --json` prints. Throws ActmemError. */
  mapJson(text: string): string;
  /** What Linear-ReLU-Linear keeps, for `hidden=4096&batch=8` or others. Throws ActmemError. */
  toy(text: string): Toy;
  /** What no configuration changes of the published formulas. */
  readonly table: FormulaTable;
}

type Source = BufferSource | Response | URL;

/** Reads tables.json, which `build/actmem --tables=inputs` writes. */
export const loadTables = (source: Tables | Response | URL): Promise<Tables> => bodyOf<Tables>(source, 'tables.json', jsonOf);

/** Compiles and starts core.wasm, which needs no imports. `words` is tables.json, which `build/actmem --tables=inputs` writes. */
export async function loadCore(source: Source, words: Tables | Response | URL): Promise<Core> {
  const [exports, tables] = await Promise.all([start<'am_wasm_evaluate'>(source, 'core.wasm'), loadTables(words)]);
  const { ask } = talk(exports);
  const complete = completer(tables);
  return { evaluate: (text) => complete(JSON.parse(ask(exports.am_wasm_evaluate, text, 'syntax', 'the text')) as Report), tables };
}

/** Compiles and starts whole.wasm, as loadCore does core.wasm. */
export async function loadWhole(source: Source): Promise<Whole> {
  const exports = await start<'am_wasm_evaluate' | 'am_wasm_import' | 'am_wasm_map' | 'am_wasm_toy' | 'am_wasm_formulas'>(source, 'whole.wasm');
  const { ask } = talk(exports);
  const evaluateJson = (text: string) => ask(exports.am_wasm_evaluate, text, 'syntax', 'the text');
  const mapJson = (text: string) => ask(exports.am_wasm_map, text, 'syntax', 'the text');
  let table: FormulaTable | null = null;
  return {
    evaluate: (text) => JSON.parse(evaluateJson(text)) as Report,
    evaluateJson,
    map: (text) => JSON.parse(mapJson(text)) as FitMap,
    mapJson,
    import: (json) => JSON.parse(ask(exports.am_wasm_import, json, 'bad_config', 'config.json')) as { query: string },
    toy: (text) => JSON.parse(ask(exports.am_wasm_toy, text, 'syntax', 'the text')) as Toy,
    get table() {
      return (table ??= JSON.parse(ask(exports.am_wasm_formulas, '', '', '')) as FormulaTable);
    },
  };
}

async function start<Name extends string>(source: Source, name: string): Promise<Exports & Record<Name, Ask>> {
  const bytes = await bodyOf<BufferSource>(source, name, (response) => response.arrayBuffer());
  const { instance } = await WebAssembly.instantiate(bytes);
  const exports = instance.exports as unknown as Exports & Record<Name, Ask>;
  exports._initialize?.();
  return exports;
}

const jsonOf = async <T>(response: Response): Promise<T> => (await response.json()) as T;

async function bodyOf<T>(source: T | Response | URL, name: string, read: (response: Response) => Promise<T>): Promise<T> {
  const body = source instanceof URL ? await fetch(source) : source;
  if (!(body instanceof Response)) return body;
  if (!body.ok) throw new Error(`${name}: ${body.status} ${body.statusText}`.trimEnd());
  return read(body);
}

function talk(exports: Exports) {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  // Made anew on every call: a view goes stale if its memory's buffer is ever replaced.
  const view = (from: number, length: number) => new Uint8Array(exports.memory.buffer, from, length);

  /** Puts text into the input buffer, or fails with `code`. Returns its length in bytes. */
  const write = (text: string, code: string, what: string): number => {
    const size = exports.am_input_size();
    const { read, written } = encoder.encodeInto(text, view(exports.am_input(), size));
    if (read < text.length) throw new ActmemError(code, '', `${what} is larger than ${size / (1 << 20) >= 1 ? `${size >> 20} MiB` : `${size >> 10} KiB`}`);
    return written;
  };

  /** The answer of |length| bytes, or the error that a length below 0 stands for. */
  const read = (length: number): string => {
    const json = decoder.decode(view(exports.am_output(), Math.abs(length)));
    if (length > 0) return json;
    const { error } = JSON.parse(json) as ErrorDocument;
    throw new ActmemError(error.code, error.field, error.message);
  };

  return { ask: (call: Ask, text: string, code: string, what: string): string => read(call(write(text, code, what))) };
}
