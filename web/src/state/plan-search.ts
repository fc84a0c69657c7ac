/* Policies whose plan takes a search, which a thread of its own makes. */
import { signal } from '@preact/signals';
import { ActmemError } from '../../../wasm/actmem';
import type { Report } from '../../../wasm/report';
import type { Question } from './ask';
import { type Search, WAITING } from './store';

export function planSearch(question: Question<Report>): Search {
  /* The last text asked about, and what came of it. */
  const plan = signal<{ text: string; report: Report | null; error: unknown } | null>(null);
  let wanted: { text: string; gone: AbortController } | null = null;
  return (text, found) => {
    const last = plan.value;
    if (last?.text === text) {
      if (last.report === null) throw last.error;
      return last.report;
    }
    if (wanted?.text !== text) {
      wanted?.gone.abort();
      const asked = (wanted = { text, gone: new AbortController() });
      const tell = (report: Report | null, error: unknown): void => {
        if (wanted !== asked) return;
        wanted = null;
        plan.value = { text, report, error: error instanceof ActmemError ? error : new ActmemError('search', 'checkpoint', `its plan could not be searched for: ${error instanceof Error ? error.message : String(error)}`) };
        /* Now the shortest text is known that gives it. */
        if (report !== null) found();
      };
      question(text, asked.gone.signal).then((report) => tell(report, null), (error: unknown) => tell(null, error));
    }
    throw new ActmemError(WAITING, '', '');
  };
}
