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

/** Lets the browser do what else waits: paint, a key, a tap. Between parts of what would hold it up for long in one go. */
export const breath = (): Promise<void> => new Promise((then) => setTimeout(then));

/** Calls back once what stands there now is painted. */
export function nextPaint(then: () => void): void {
  requestAnimationFrame(() => setTimeout(then));
}

/** The same when the page has nothing else to do. */
export function afterwards(then: () => void): void {
  nextPaint(() => whenIdle(then));
}

/** The visitor asked for as few bytes as can be. */
export const sparing = (): boolean => (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
