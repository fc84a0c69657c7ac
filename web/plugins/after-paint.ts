/* Of pages that are complete in their files: the modules that make one live, and what they fetch, wait until it is painted. Its file says
 * <script type="module"> and <link rel="preload"> as others do; public/after-paint.js gets their addresses. */
import type { Plugin } from 'vite';

const MODULE = /\s*<script type="module"[^>]* src="([^"]+)"><\/script>/g;
const FETCHED = /\s*<link rel="preload" href="([^"]+)" as="fetch"[^>]*>/g;

export function afterPaint(html: string): string {
  const all = (of: RegExp): string => [...html.matchAll(of)].map(([, file]) => file).join(' ');
  const modules = all(MODULE);
  if (modules === '') throw new Error('a page that is to be painted first has a module');
  const begin = `\n    <script src="./after-paint.js" defer data-modules="${modules}" data-first="${all(FETCHED)}"></script>`;
  return html.replace(FETCHED, '').replace(MODULE, (_, file: string) => (modules.startsWith(file) ? begin : ''));
}

/** `pages`: "learn.html" */
export const paintedFirst = (pages: readonly string[]): Plugin => ({
  name: 'painted-first',
  apply: 'build',
  transformIndexHtml: { order: 'post', handler: (html, { path }) => (pages.includes(path.replace(/^\//, '')) ? afterPaint(html) : html) },
});
