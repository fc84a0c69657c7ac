/* A search kept up with the page: asked anew when the input has rested, never while typing. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Report } from '../../../wasm/report';
import { ask } from './ask';

/* Milliseconds without a change. */
const REST = 300;

export interface Searched {
  /** The last answer, and the text that was asked for it. */
  found: { text: string; report: Report } | null;
  fault: string | null;
  again: () => void;
}

/** The report on `text`; while that is null nothing is asked. */
export function useSearch(text: string | null): Searched {
  const found = useSignal<Searched['found']>(null);
  const fault = useSignal<string | null>(null);
  const tries = useSignal(0);
  useEffect(() => {
    if (text === null || found.value?.text === text) return undefined;
    let current = true;
    fault.value = null;
    const timer = setTimeout(() => {
      ask(text).then(
        (report) => {
          if (current) found.value = { text, report };
        },
        (error: unknown) => {
          if (current) fault.value = error instanceof Error ? error.message : String(error);
        },
      );
    }, REST);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text, tries.value]);
  return { found: found.value, fault: fault.value, again: () => (tries.value += 1) };
}
