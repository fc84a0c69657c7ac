/* Fills in the figures of the page's sentences: data-figure names what is read off the report; an address beside it says of which inputs,
 * else it is of the visitor's own. */
import { effect, signal } from '@preact/signals';
import { ActmemError } from '../../../wasm/actmem';
import type { Report, Units } from '../../../wasm/report';
import { report as askReport } from '../state/ask';
import { changeQuery, WITHOUT } from '../state/query';
import type { Store } from '../state/store';
import { exactText, figureOf, type Said, saidText } from './figures';

/* Said of the model without checkpointing. */
const PLAIN = /^(?:saved-of|peak-of|again):|^(?:layer|sbh)$/;

const NEVER = new AbortController().signal;

/** Inputs of an address, "" without any. */
const queryOf = (element: Element): string => (element.getAttribute('href') ?? '').split('#')[1] ?? '';

function write(element: HTMLElement, said: Said | null, units: Units): void {
  element.textContent = saidText(said, (element.dataset['units'] as Units | undefined) ?? units);
  element.title = exactText(said);
}

const compared = new WeakMap<Element, number>();

/* A claim's figures beside one another: how long each line's mark is, of the largest. */
function compare(element: HTMLElement, bytes: number): void {
  const line = element.closest<HTMLElement>('.claim dl > div');
  /* Of a line with several the last: that of the longer sequence, or the peak. */
  if (line === null || element.nextElementSibling !== null) return;
  compared.set(line, bytes);
  const lines = [...(line.parentElement?.children ?? [])] as HTMLElement[];
  const most = Math.max(...lines.map((other) => compared.get(other) ?? 0));
  for (const other of lines) other.style.setProperty('--share', String((compared.get(other) ?? 0) / most));
}

export function keepFigures(root: ParentNode, store: Store): void {
  const all = [...root.querySelectorAll<HTMLElement>('[data-figure]')];
  const nameOf = (element: HTMLElement): string => element.dataset['figure'] ?? '';
  const own = all.filter((element) => queryOf(element) === '');
  const fixed = all.filter((element) => queryOf(element) !== '');
  const plain = signal<Report | null>(null);

  /* Of the policies of the list, none of them chosen, and of published formulas: once whole.wasm is there. */
  effect(() => {
    const { report } = store.answer.value;
    if (store.whole.value === null) return;
    try {
      plain.value = store.whole.value.evaluate(changeQuery(report.query, WITHOUT, store.tables.fields));
    } catch (error) {
      if (!(error instanceof ActmemError)) throw error;
      plain.value = null;
    }
  });
  effect(() => {
    const { report } = store.answer.value;
    for (const element of own) {
      const of = PLAIN.test(nameOf(element)) ? plain.value : report;
      if (of === null) element.textContent = '…';
      else write(element, figureOf(nameOf(element), of, store.tables.fields), store.units.value);
    }
  });

  /* Asked when the first of them comes near, each set of inputs once, on another thread. */
  const answers = new Map<string, Promise<Report>>();
  const near = new IntersectionObserver(
    (seen) => {
      for (const { target, isIntersecting } of seen) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        void show(target as HTMLElement);
      }
    },
    { rootMargin: '800px' },
  );
  const show = async (element: HTMLElement): Promise<void> => {
    const query = queryOf(element);
    let answer = answers.get(query);
    if (answer === undefined) answers.set(query, (answer = askReport(`${query}&timeline=none`, NEVER)));
    try {
      const said = figureOf(nameOf(element), await answer, store.tables.fields);
      effect(() => write(element, said, store.units.value));
      if (said !== null && 'bytes' in said) compare(element, said.bytes);
    } catch (error) {
      answers.delete(query);
      element.title = `Not computed: ${error instanceof Error ? error.message : String(error)}`;
    }
  };
  for (const element of fixed) near.observe(element);
}

/** Links to the calculator take the visitor's inputs along. */
export function keepLinks(root: ParentNode, store: Store): void {
  const links = [...root.querySelectorAll<HTMLAnchorElement>('a[data-with-query]')];
  effect(() => {
    const { query } = store.answer.value.report;
    for (const link of links) link.href = `./#${query}`;
  });
}
