/* What may wait until the first answer is painted. */

/** Calls back when the page has nothing else to do; returns what calls it off. */
export function whenIdle(then: () => void): () => void {
  if ('requestIdleCallback' in window) {
    const id = requestIdleCallback(then, { timeout: 1000 });
    return () => cancelIdleCallback(id);
  }
  const id = setTimeout(then, 50);
  return () => clearTimeout(id);
}

/** The same once it has painted. */
export function afterwards(then: () => void): void {
  requestAnimationFrame(() => setTimeout(() => whenIdle(then)));
}

/** The visitor asked for as few bytes as can be. */
export const sparing = (): boolean => (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
