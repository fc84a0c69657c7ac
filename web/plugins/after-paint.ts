/* Of pages that are complete in their files: the module that makes one live, and what that module fetches, wait until it is painted. Its file says
 * <script type="module"> and <link rel="preload"> as others do; public/after-paint.js gets their addresses. */
import type { Plugin } from 'vite';

const MODULE = /<script type="module"[^>]* src="([^"]+)"><\/script>/g;
const FETCHED = /\s*<link rel="preload" href="([^"]+)" as="fetch"[^>]*>/g;

export function afterPaint(html: string): string {
  const [module, ...more] = [...html.matchAll(MODULE)].map(([, file]) => file);
  if (module === undefined || more.length > 0) throw new Error('a page that is to be painted first has one module');
  const first = [...html.matchAll(FETCHED)].map(([, file]) => file).join(' ');
  return html.replace(FETCHED, '').replace(MODULE, `<script src="./after-paint.js" defer data-module="${module}" data-first="${first}"></script>`);
}

/** `pages`: "learn.html" */
export const paintedFirst = (pages: readonly string[]): Plugin => ({
  name: 'painted-first',
  apply: 'build',
  transformIndexHtml: { order: 'post', handler: (html, { path }) => (pages.includes(path.replace(/^\//, '')) ? afterPaint(html) : html) },
});
