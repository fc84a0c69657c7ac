/* The page offline: its service worker is registered once the page has nothing else to do, and a new version asks before it takes over. */
import { Workbox } from 'workbox-window';
import '../styles/notice.css';

/* Milliseconds between looks for a new version in a page that stays open. */
const LOOK = 3_600_000;

export async function keep(): Promise<void> {
  const { serviceWorker } = navigator;
  const worker = new Workbox(new URL('sw.js', document.baseURI).href);
  /* Another version has taken over, agreed to here or in another tab: what is not yet loaded would not be there any more. The address keeps all. */
  if (serviceWorker.controller !== null) serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  worker.addEventListener('waiting', () => {
    notice('There is a new version of actmem.', 'Reload', () => worker.messageSkipWaiting());
  });
  worker.addEventListener('redundant', ({ isUpdate }) => {
    if (isUpdate !== true && serviceWorker.controller === null) notice('No copy for offline use could be stored. The page works while there is a connection.');
  });
  await worker.register();
  let last = Date.now();
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || Date.now() - last < LOOK) return;
    last = Date.now();
    void worker.update().catch(() => undefined);
  });
}

function notice(text: string, action?: string, act?: () => void): void {
  document.querySelector('.notice')?.remove();
  const bar = document.createElement('div');
  bar.className = 'notice';
  bar.setAttribute('role', 'status');
  const said = document.createElement('p');
  said.textContent = text;
  bar.append(said);
  const button = (name: string, look: string, on: () => void): void => {
    const made = document.createElement('button');
    made.type = 'button';
    made.className = look;
    made.textContent = name;
    made.addEventListener('click', on);
    bar.append(made);
  };
  if (action !== undefined && act !== undefined) button(action, 'button', act);
  button(action === undefined ? 'Close' : 'Later', 'button-quiet', () => bar.remove());
  document.body.append(bar);
}
