/* What may wait until the first answer is painted. */

/** Calls back once the page has painted and has nothing else to do. */
export function afterwards(then: () => void): void {
  requestAnimationFrame(() => setTimeout(() => ('requestIdleCallback' in window ? requestIdleCallback(then, { timeout: 1000 }) : then())));
}

/** The visitor asked for as few bytes as can be. */
export const sparing = (): boolean => (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
