/* Milliseconds after the first answer. What a first visit loads before it is the page; the copy for offline use comes after, in the background. */
const AFTER = 1500;

/** Keeps the site for offline use, once the page has its answer and rests. */
export function keepLater(): void {
  if (!('serviceWorker' in navigator) || import.meta.env.MODE === 'single') return;
  const begin = (): void => void import('./keep').then(({ keep }) => keep()).catch(() => undefined);
  const rest = (): unknown => ('requestIdleCallback' in window ? requestIdleCallback(begin, { timeout: 5000 }) : setTimeout(begin));
  setTimeout(rest, AFTER);
}
