/* State is one signal, the query text. Everything else is computed from it by the core. */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { ActmemError, type Core, type Whole } from '../../../wasm/actmem';
import type { Report, Step, Tables, Units } from '../../../wasm/report';
import { onAddress, readAddress, writeAddress } from './address';
import { type Changes, changeQuery, choosePreset, formatQuery, joinAgainst, parseQuery, replaceModel, splitAgainst, WITHOUT, withoutSearches } from './query';
import { Steps } from './steps';

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
  /** What is wrong with the query; the report is then the last good one, or the default one if there was none. */
  fault: Fault | null;
  /** No query has been good yet: the report is the default one. */
  isDefault: boolean;
  /** What the inputs come to, at fault or not: the controls follow the query. */
  config: Report['config'];
}

/* The code of core.wasm's error where whole.wasm knows the answer. */
const ELSEWHERE = 'elsewhere';
const WAITING = 'waiting';

/* Policies whose plan is searched for: tens or hundreds of milliseconds, in which a page could not be typed into. */
const SEARCHED = /^(?:budget|rotor):/;

const first = splitAgainst(readAddress());
const query = signal(withoutSearches(first.text));
const against = signal(first.against);

export class Store {
  readonly tables: Tables;
  /** whole.wasm, which answers everything: null until something has needed it. */
  readonly whole = signal<Whole | null>(null);
  readonly #core: Core;
  readonly #loadWhole: () => Promise<Whole>;
  /** Why it could not be loaded. */
  readonly failure = signal<string | null>(null);
  #loading: Promise<Whole> | null = null;
  #last: Report | null = null;

  constructor(core: Core, load: () => Promise<Whole>) {
    this.#core = core;
    this.#loadWhole = load;
    this.tables = core.tables;
    onAddress((address) => {
      const { text, against: other } = splitAgainst(address);
      query.value = withoutSearches(text);
      against.value = other;
      this.steps.take(query.value, false);
    });
  }

  /** What the page has shown. */
  readonly steps = new Steps(query.value);

  /** The pairs of the query as written. */
  readonly pairs = computed(() => parseQuery(query.value));

  readonly answer = computed<Answer>(() => {
    try {
      this.#last = SEARCHED.test(this.pairs.value.get('checkpoint') ?? '') ? this.#searched(query.value) : this.#evaluate(query.value);
      return { report: this.#last, fault: null, isDefault: false, config: this.#last.config };
    } catch (error) {
      if (!(error instanceof ActmemError)) throw error;
      const report = this.#last ?? this.#core.evaluate('');
      if (error.code === ELSEWHERE) return { report, fault: this.#loadingFault(), isDefault: this.#last === null, config: report.config };
      if (error.code === WAITING) return { report, fault: { code: WAITING, field: '', message: 'Searching for the plan …', waiting: true }, isDefault: this.#last === null, config: this.#withoutFaults('checkpoint')?.config ?? report.config };
      const fault = { code: error.code, field: error.field, message: error.message };
      return { report, fault, isDefault: this.#last === null, config: this.#withoutFaults(error.field)?.config ?? report.config };
    }
  });

  /* Until whole.wasm is there to answer what core.wasm could not. */
  #loadingFault(): Fault {
    const failure = this.failure.value;
    if (failure === null) void this.needWhole().catch(() => undefined);
    const loading = failure === null;
    const message = loading ? 'Loading the rest of the calculator …' : `The rest of the calculator could not be loaded: ${failure}. Reload the page to try again.`;
    return { code: ELSEWHERE, field: '', message, ...(loading ? { waiting: true as const } : {}) };
  }

  /* The last text whose plan was searched for, and what came of it. */
  readonly #plan = signal<{ text: string; report: Report | null; error: unknown } | null>(null);
  #wanted: { text: string; gone: AbortController } | null = null;

  /* The report on a text whose plan takes a search, which a thread of its own makes; until then a WAITING error. */
  #searched(text: string): Report {
    const plan = this.#plan.value;
    if (plan?.text === text) {
      if (plan.report === null) throw plan.error;
      return plan.report;
    }
    if (this.#wanted?.text !== text) {
      this.#wanted?.gone.abort();
      const wanted = (this.#wanted = { text, gone: new AbortController() });
      const tell = (report: Report | null, error: unknown): void => {
        if (this.#wanted !== wanted) return;
        this.#wanted = null;
        this.#plan.value = { text, report, error: error instanceof ActmemError ? error : new ActmemError('search', 'checkpoint', `its plan could not be searched for: ${error instanceof Error ? error.message : String(error)}`) };
        /* Now the shortest text is known that gives it. */
        if (report !== null) this.#write('replace');
      };
      import('./ask').then(({ shown }) => shown(text, wanted.gone.signal)).then((report) => tell(report, null), (error: unknown) => tell(null, error));
    }
    throw new ActmemError(WAITING, '', '');
  }

  readonly #evaluate = (text: string): Report => (this.whole.value ?? this.#core).evaluate(text);

  /* The query without its inputs at fault: what the other ones come to. */
  #withoutFaults(field: string): Report | null {
    const pairs = new Map(this.pairs.value);
    for (let key = field; pairs.delete(key); ) {
      try {
        return this.#evaluate(formatQuery(pairs));
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
      return this.#evaluate(changeQuery(report.query, WITHOUT, this.tables.fields)).step;
    } catch (error) {
      if (!(error instanceof ActmemError)) throw error;
      return null;
    }
  });

  /** The text that this one is held against; null if none. */
  readonly against: ReadonlySignal<string | null> = against;

  /** Its report, or what is wrong with it. */
  readonly other = computed<Report | Fault | null>(() => {
    if (against.value === null) return null;
    try {
      return this.#evaluate(withoutSearches(against.value));
    } catch (error) {
      if (!(error instanceof ActmemError)) throw error;
      return error.code === ELSEWHERE ? this.#loadingFault() : { code: error.code, field: error.field, message: error.message };
    }
  });

  /** Holds the page against another text, or against none. */
  readonly compare = (text: string | null): void => {
    against.value = text;
    this.#write('push');
  };

  /** The other in this one's place, and this one in its. */
  readonly swap = (): void => {
    const other = against.value;
    if (other === null) return;
    against.value = this.answer.value.report.query;
    this.#go(other, 'push');
  };

  /** Those of the last good report, unless the query names good ones. */
  readonly units = computed<Units>(() => {
    const named = this.pairs.value.get('units');
    if (named === 'GiB' || named === 'GB' || named === 'bytes') return named;
    return named === undefined ? 'GiB' : (this.answer.value.report.config['units'] as Units);
  });

  /** Another page: Back undoes it. */
  readonly go = (text: string): void => this.#go(text, 'push');
  /** Typing and dragging. */
  readonly edit = (changes: Changes): void => this.#go(changeQuery(query.value, changes, this.tables.fields), 'replace');
  /** A choice: Back undoes it. */
  readonly choose = (changes: Changes): void => this.#go(changeQuery(query.value, changes, this.tables.fields), 'push');

  readonly choosePreset = (name: string): void => this.#go(this.#fitting(choosePreset(query.value, name, this.tables.fields)), 'push');

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

  /** A config.json in place of the model. Throws and changes nothing if it cannot be read or answered. */
  readonly importConfig = async (json: string): Promise<void> => {
    const whole = await this.needWhole();
    const text = this.#fitting(replaceModel(query.value, parseQuery(whole.import(json).query), this.tables.fields));
    whole.evaluate(text);
    this.#go(text, 'push');
  };

  /* Another model may take shorter sequences than the one before: then the longest power of two that it takes. */
  #fitting(text: string): string {
    let fitting = text;
    for (let seq = 2 ** Math.floor(Math.log2(Number(this.answer.value.report.config['seq']))); seq >= 1; seq /= 2) {
      try {
        this.#evaluate(fitting);
        return fitting;
      } catch (error) {
        if (!(error instanceof ActmemError) || error.field !== 'seq') return text;
        fitting = changeQuery(text, { seq: String(seq) }, this.tables.fields);
      }
    }
    return text;
  }

  /* The address gets the shortest text that gives the same page again; what cannot be answered stands there as written. */
  #go(text: string, step: 'push' | 'replace'): void {
    query.value = text;
    this.steps.take(text, step === 'replace');
    this.#write(step);
  }

  #write(step: 'push' | 'replace'): void {
    const { report, fault } = this.answer.value;
    writeAddress(joinAgainst(fault === null ? report.query : query.value, against.value), step);
  }

  readonly undo = (): void => this.#show(this.steps.undo());
  readonly redo = (): void => this.#show(this.steps.redo());

  #show(text: string | null): void {
    if (text === null) return;
    query.value = text;
    this.#write('push');
  }
}
