/* A search kept up with the page: asked at once, and anew when the input has rested, never while typing. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Question } from './ask';

/* Milliseconds without a change. */
const REST = 300;

export interface Searched<T> {
  /** The last answer, and the text that was asked for it. */
  found: { text: string; answer: T } | null;
  fault: Error | null;
  again: () => void;
}

/** The answer to `question` on `text`; while that is null nothing is asked. `question` has to be the same function until another is meant. */
export function useSearch<T>(question: Question<T>, text: string | null): Searched<T> {
  const found = useSignal<Searched<T>['found']>(null);
  const fault = useSignal<Error | null>(null);
  const tries = useSignal(0);
  const rest = useRef(0);
  useEffect(() => {
    if (text === null || found.value?.text === text) return undefined;
    const gone = new AbortController();
    fault.value = null;
    const timer = setTimeout(() => {
      rest.current = REST;
      question(text, gone.signal).then(
        (answer) => {
          if (!gone.signal.aborted) found.value = { text, answer };
        },
        (error: unknown) => {
          if (!gone.signal.aborted) fault.value = error instanceof Error ? error : new Error(String(error));
        },
      );
    }, rest.current);
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [text, question, tries.value]);
  return { found: found.value, fault: fault.value, again: () => (tries.value += 1) };
}
