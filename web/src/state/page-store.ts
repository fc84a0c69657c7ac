/* The store of a page, in whose address the text is: also what it is held against, the way back and forth, and imported models. */
import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { ActmemError, type Core, type Whole } from '../../../wasm/actmem';
import type { Report } from '../../../wasm/report';
import { pageAddress } from './address';
import type { Question } from './ask';
import { planSearch } from './plan-search';
import { changeQuery, formatQuery, joinAgainst, parseQuery, replaceModel, splitAgainst, WITHOUT, withoutSearches } from './query';
import { Steps } from './steps';
import { ELSEWHERE, type Fault, Store } from './store';

const question: Question<Report> = async (text, signal) => (await import('./ask')).shown(text, signal);

/* What whole.wasm runs for a text is compiled when it is first called, in some ten milliseconds, once for all threads: on one that nobody waits for. What it
 * cannot answer the page says itself. */
async function compiled(text: string): Promise<void> {
  try {
    await (await import('./ask')).brief(text, new AbortController().signal);
  } catch {
    /* It is compiled on this thread, then. */
  }
}

export class PageStore extends Store {
  /** What the page has shown. */
  readonly steps: Steps;
  /** The text that this one is held against; null if none. */
  readonly against: ReadonlySignal<string | null>;
  readonly #against: Signal<string | null>;

  constructor(core: Core, load: () => Promise<Whole>) {
    const against = signal<string | null>(null);
    const taken = (written: string): string => {
      const parts = splitAgainst(written);
      against.value = parts.against;
      return parts.text;
    };
    super(
      core,
      async () => {
        const whole = await load();
        /* Whoever waits for an answer gets it at once. */
        if (!this.waited) await compiled(changeQuery(this.query.value, WITHOUT, core.tables.fields));
        return whole;
      },
      {
        read: () => taken(pageAddress.read()),
        write: (text, step) => pageAddress.write(joinAgainst(text, against.value), step),
        listen: (changed) =>
          pageAddress.listen((written) => {
            this.opened();
            changed(taken(written));
            this.steps.take(this.query.value, false);
          }),
      },
      planSearch(question),
    );
    this.#against = against;
    this.against = against;
    this.steps = new Steps(this.query.value);
  }

  /** Once what is asked is answered, or cannot be: a page that is drawn then shows no other answer on the way. */
  readonly ready = async (): Promise<void> => {
    let stop = (): void => undefined;
    await new Promise<void>((done) => {
      stop = effect(() => {
        if (this.answer.value.fault?.waiting !== true) done();
      });
    });
    stop();
  };

  /** What is wrong with each input of a link whose rest is shown. */
  readonly faults = computed<Fault[]>(() => {
    const { fault: first, standing } = this.answer.value;
    const faults: Fault[] = [];
    const pairs = new Map(this.pairs.value);
    for (let fault = standing === 'rest' ? first : null; fault !== null && pairs.delete(fault.field); ) {
      faults.push(fault);
      fault = null;
      try {
        this.answerTo(formatQuery(pairs));
      } catch (error) {
        if (!(error instanceof ActmemError)) throw error;
        fault = { code: error.code, field: error.field, message: error.message };
      }
    }
    return faults;
  });

  /** Its report, or what is wrong with it. */
  readonly other = computed<Report | Fault | null>(() => {
    if (this.against.value === null) return null;
    try {
      return this.answerTo(withoutSearches(this.against.value));
    } catch (error) {
      if (!(error instanceof ActmemError)) throw error;
      return error.code === ELSEWHERE ? this.loadingFault() : { code: error.code, field: error.field, message: error.message };
    }
  });

  /** Holds the page against another text, or against none. */
  readonly compare = (text: string | null): void => {
    this.#against.value = text;
    this.write('push');
  };

  /** The other in this one's place, and this one in its. */
  readonly swap = (): void => {
    const other = this.against.value;
    if (other === null) return;
    this.#against.value = this.answer.value.report.query;
    this.show(other, 'push');
  };

  /** Another page: Back undoes it. */
  readonly go = (text: string): void => this.show(text, 'push');

  /** A config.json in place of the model. Throws and changes nothing if it cannot be read or answered. */
  readonly importConfig = async (json: string): Promise<void> => {
    const whole = await this.needWhole();
    const text = this.fitting(replaceModel(this.query.value, parseQuery(whole.import(json).query), this.tables.fields));
    whole.evaluate(text);
    this.show(text, 'push');
  };

  readonly undo = (): void => this.#back(this.steps.undo());
  readonly redo = (): void => this.#back(this.steps.redo());

  #back(text: string | null): void {
    if (text !== null) super.show(text, 'push');
  }

  protected override show(text: string, step: 'push' | 'replace'): void {
    this.query.value = text;
    this.steps.take(text, step === 'replace');
    this.write(step);
  }
}
