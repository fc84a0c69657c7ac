/* State is one signal, the query text. Everything else is computed from it by the core. */
import { computed, signal } from '@preact/signals';
import { ActmemError, type Core, type Whole } from '../../../wasm/actmem';
import type { Report, Step, Tables, Units } from '../../../wasm/report';
import { type Changes, changeQuery, choosePreset, formatQuery, parseQuery, WITHOUT, withoutSearches } from './query';

export type { Changes };

export interface Fault {
  code: string;
  /** The input at fault; empty if none. */
  field: string;
  message: string;
  /** Nothing is wrong yet: the answer is on its way. */
  waiting?: true;
}

export interface Answer {
  report: Report;
  /** What is wrong with the query. */
  fault: Fault | null;
  /** Whose the report is: the last good query's; of one that has just been opened its own without the inputs at fault; the default. */
  standing: 'last' | 'rest' | 'default';
  /** What the inputs come to, at fault or not: the controls follow the query. */
  config: Report['config'];
}

/* The code of core.wasm's error where whole.wasm knows the answer. */
export const ELSEWHERE = 'elsewhere';
/* Of that of a search that is not done. */
export const WAITING = 'waiting';

/* Policies whose plan is searched for: tens or hundreds of milliseconds, in which a page could not be typed into. */
const SEARCHED = /^(?:budget|rotor):/;

/** Where the query text is kept: the page's own address, or a widget's attribute. */
export interface Address {
  read(): string;
  /** One more step of its history for a choice, the same step while typing or dragging. */
  write(text: string, step: 'push' | 'replace'): void;
  /** Whenever it was changed from outside. */
  listen(changed: (text: string) => void): void;
}

/** The report on a text whose plan takes a search. Throws an ActmemError, WAITING until it is there; `found` is then called, and the question asked anew. */
export type Search = (text: string, found: () => void) => Report;

export class Store {
  readonly tables: Tables;
  /** whole.wasm, which answers everything: null until something has needed it. */
  readonly whole = signal<Whole | null>(null);
  protected readonly query = signal('');
  readonly #address: Address;
  readonly #search: Search | null;
  readonly #core: Core;
  readonly #loadWhole: () => Promise<Whole>;
  /** Why it could not be loaded. */
  readonly failure = signal<string | null>(null);
  #loading: Promise<Whole> | null = null;
  #last: Report | null = null;
  /* The text was opened, not typed: nothing before it is of interest once it is known what is wrong with it. */
  #opened = true;
  /** An answer has had to wait for it. */
  protected waited = false;

  /** Without `search` the page waits while a plan is searched for. */
  constructor(core: Core, load: () => Promise<Whole>, address: Address, search: Search | null = null) {
    this.#core = core;
    this.#address = address;
    this.#search = search;
    this.#loadWhole = load;
    this.tables = core.tables;
    this.query.value = withoutSearches(address.read());
    address.listen((text) => {
      this.query.value = withoutSearches(text);
    });
  }

  /** The pairs of the query as written. */
  readonly pairs = computed(() => parseQuery(this.query.value));

  readonly answer = computed<Answer>(() => {
    try {
      this.#last = this.#search !== null && SEARCHED.test(this.pairs.value.get('checkpoint') ?? '') ? this.#search(this.query.value, () => this.write('replace')) : this.answerTo(this.query.value);
      this.#opened = false;
      return { report: this.#last, fault: null, standing: 'last', config: this.#last.config };
    } catch (error) {
      if (!(error instanceof ActmemError)) throw error;
      const { code, field, message } = error;
      const fault: Fault = code === ELSEWHERE ? this.loadingFault() : code === WAITING ? { code, field, message: 'Searching for the plan …', waiting: true } : { code, field, message };
      const rest = code === ELSEWHERE ? null : this.#withoutFaults(code === WAITING ? 'checkpoint' : field);
      const last = this.#opened && !fault.waiting ? null : this.#last;
      const own = last ?? (fault.waiting ? null : rest);
      const report = own ?? this.answerTo('');
      return { report, fault, standing: last !== null ? 'last' : own !== null ? 'rest' : 'default', config: rest?.config ?? report.config };
    }
  });

  protected opened(): void {
    this.#opened = true;
  }

  /* Until whole.wasm is there to answer what core.wasm could not. */
  protected loadingFault(): Fault {
    const failure = this.failure.value;
    this.waited = true;
    if (failure === null) void this.needWhole().catch(() => undefined);
    const loading = failure === null;
    const message = loading ? 'Loading the rest of the calculator …' : `The rest of the calculator could not be loaded: ${failure}. Reload the page to try again`;
    return { code: ELSEWHERE, field: '', message, ...(loading ? { waiting: true as const } : {}) };
  }

  /** The report on a text. Throws ActmemError; where only whole.wasm can answer, it is sent for and the question asked anew when it is there. */
  evaluate(text: string): Report {
    try {
      return this.answerTo(text);
    } catch (error) {
      if (error instanceof ActmemError && error.code === ELSEWHERE) this.loadingFault();
      throw error;
    }
  }

  protected readonly answerTo = (text: string): Report => (this.whole.value ?? this.#core).evaluate(text);

  /* The query without its inputs at fault: what the other ones come to. */
  #withoutFaults(field: string): Report | null {
    const pairs = new Map(this.pairs.value);
    for (let key = field; pairs.delete(key); ) {
      try {
        return this.answerTo(formatQuery(pairs));
      } catch (error) {
        if (!(error instanceof ActmemError)) throw error;
        key = error.field;
      }
    }
    return null;
  }

  /** The step without checkpointing, to hold the chosen policy against; null where that is none. */
  readonly without = computed<Step | null>(() => {
    const { report } = this.answer.value;
    if (report.checkpoint.policy === 'none') return null;
    try {
      return this.answerTo(changeQuery(report.query, WITHOUT, this.tables.fields)).step;
    } catch (error) {
      if (!(error instanceof ActmemError)) throw error;
      return null;
    }
  });

  /** Those of the last good report, unless the query names good ones. */
  readonly units = computed<Units>(() => {
    const named = this.pairs.value.get('units');
    if (named === 'GiB' || named === 'GB' || named === 'bytes') return named;
    return named === undefined ? 'GiB' : (this.answer.value.report.config['units'] as Units);
  });

  /** Typing and dragging. */
  readonly edit = (changes: Changes): void => this.show(changeQuery(this.query.value, changes, this.tables.fields), 'replace');
  /** A choice: Back undoes it. */
  readonly choose = (changes: Changes): void => this.show(changeQuery(this.query.value, changes, this.tables.fields), 'push');

  readonly choosePreset = (name: string): void => this.show(this.fitting(choosePreset(this.query.value, name, this.tables.fields)), 'push');

  /** Loads whole.wasm, once; after a failure again. What core.wasm could not answer is then answered. */
  readonly needWhole = async (): Promise<Whole> => {
    this.#loading ??= this.#loadWhole();
    try {
      return (this.whole.value = await this.#loading);
    } catch (error) {
      this.#loading = null;
      this.failure.value = error instanceof Error ? error.message : String(error);
      throw error;
    }
  };

  /* Another model may take shorter sequences than the one before: then the longest power of two that it takes. */
  protected fitting(text: string): string {
    let fitting = text;
    for (let seq = 2 ** Math.floor(Math.log2(Number(this.answer.value.report.config['seq']))); seq >= 1; seq /= 2) {
      try {
        this.answerTo(fitting);
        return fitting;
      } catch (error) {
        if (!(error instanceof ActmemError) || error.field !== 'seq') return text;
        fitting = changeQuery(text, { seq: String(seq) }, this.tables.fields);
      }
    }
    return text;
  }

  /* The address gets the shortest text that gives the same page again; what cannot be answered stands there as written. */
  protected show(text: string, step: 'push' | 'replace'): void {
    this.query.value = text;
    this.write(step);
  }

  protected write(step: 'push' | 'replace'): void {
    const { report, fault } = this.answer.value;
    this.#address.write(fault === null ? report.query : this.query.value, step);
  }
}
