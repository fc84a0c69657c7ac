/* The query text in the address: what is reloaded or shared is the page as it stands. Behind it, under a name that is no input, the text
 * that it is held against, if any. */

export interface Address {
  text: string;
  against: string | null;
}

const AGAINST = /(?:^|&)against=([^&]*)/;

export function readAddress(): Address {
  const hash = location.hash.replace(/^#/, '');
  const against = AGAINST.exec(hash)?.[1];
  return { text: hash.replace(AGAINST, '').replace(/^&/, ''), against: against === undefined ? null : decoded(against) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const hashOf = ({ text, against }: Address): string => (against === null ? text : `${text}${text === '' ? '' : '&'}against=${encodeURIComponent(against)}`);

/* Browsers refuse more than some ten changes of the address a second: while typing or dragging it follows when the hand rests. */
const REST = 150;
let pending: { address: Address; timer: ReturnType<typeof setTimeout> } | null = null;

/** One more step of the history for a choice, the same step while typing or dragging. */
export function writeAddress(address: Address, step: 'push' | 'replace'): void {
  if (step === 'replace') {
    if (pending !== null) clearTimeout(pending.timer);
    pending = { address, timer: setTimeout(settleAddress, REST) };
    return;
  }
  settleAddress();
  write(address, 'push');
}

/** Writes what waits to be written. */
export function settleAddress(): void {
  if (pending === null) return;
  clearTimeout(pending.timer);
  const { address } = pending;
  pending = null;
  write(address, 'replace');
}

function write(to: Address, step: 'push' | 'replace'): void {
  const hash = hashOf(to);
  if (hash === hashOf(readAddress())) return;
  const address = hash === '' ? location.pathname + location.search : `#${hash}`;
  try {
    if (step === 'push') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  } catch {
    /* Refused after all; the next change writes it. */
  }
}

/** Back, forward and a changed hash. */
export function onAddress(changed: (address: Address) => void): void {
  const take = () => {
    if (pending !== null) clearTimeout(pending.timer);
    pending = null;
    changed(readAddress());
  };
  addEventListener('popstate', take);
  addEventListener('hashchange', take);
  addEventListener('pagehide', settleAddress);
}
