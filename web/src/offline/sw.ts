/* The service worker: every file of the site, of one version, each held to its hash when it is stored and again whenever it is taken from the store. So
 * versions never mix, a half-published site is not stored, and what has gone bad in the store comes from the network and is stored anew. A new version
 * waits until the visitor agrees. */
import { clientsClaim } from 'workbox-core';
import { addPlugins, cleanupOutdatedCaches, precacheAndRoute } from 'workbox-precaching';

interface Entry {
  url: string;
  revision: string | null;
  integrity?: string;
}

interface Scope {
  readonly __WB_MANIFEST: Entry[];
  readonly location: Location;
  skipWaiting(): Promise<void>;
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
}
declare const self: Scope;

const entries = self.__WB_MANIFEST;
const hashes = new Map(entries.map(({ url, integrity }) => [new URL(url, self.location.href).pathname, integrity]));

addPlugins([
  {
    cachedResponseWillBeUsed: async ({ request, cachedResponse }) => {
      if (cachedResponse === undefined || cachedResponse === null) return cachedResponse;
      const expected = hashes.get(new URL(request.url).pathname);
      return expected === undefined || expected === (await hashOf(cachedResponse.clone())) ? cachedResponse : null;
    },
  },
]);
/* A link may have any parameters: the page reads them itself. */
precacheAndRoute(entries, { ignoreURLParametersMatching: [/./] });
cleanupOutdatedCaches();
clientsClaim();

self.addEventListener('message', ({ data }) => {
  if (typeof data === 'object' && data !== null && 'type' in data && data.type === 'SKIP_WAITING') void self.skipWaiting();
});

async function hashOf(response: Response): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await response.arrayBuffer());
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
