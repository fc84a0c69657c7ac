/* The query text in the address: what is reloaded or shared is the page as it stands. */

export function readAddress(): string {
  return location.hash.replace(/^#/, '');
}

/* Browsers refuse more than some ten changes of the address a second: while typing or dragging it follows when the hand rests. */
const REST = 150;
let pending: { text: string; timer: ReturnType<typeof setTimeout> } | null = null;

/** One more step of the history for a choice, the same step while typing or dragging. */
export function writeAddress(text: string, step: 'push' | 'replace'): void {
  if (step === 'replace') {
    if (pending !== null) clearTimeout(pending.timer);
    pending = { text, timer: setTimeout(settleAddress, REST) };
    return;
  }
  settleAddress();
  write(text, 'push');
}

/** Writes what waits to be written. */
export function settleAddress(): void {
  if (pending === null) return;
  clearTimeout(pending.timer);
  const { text } = pending;
  pending = null;
  write(text, 'replace');
}

function write(text: string, step: 'push' | 'replace'): void {
  if (text === readAddress()) return;
  const address = text === '' ? location.pathname + location.search : `#${text}`;
  try {
    if (step === 'push') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  } catch {
    /* Refused after all; the next change writes it. */
  }
}

/** Back, forward and a changed hash. */
export function onAddress(changed: (text: string) => void): void {
  const take = () => {
    if (pending !== null) clearTimeout(pending.timer);
    pending = null;
    changed(readAddress());
  };
  addEventListener('popstate', take);
  addEventListener('hashchange', take);
  addEventListener('pagehide', settleAddress);
}
