/* The head of a page as it stands before its scripts, and without any: <!--masthead--> in its file. As views/header.tsx, less the switches. */
import type { Plugin } from 'vite';

const PAGES = [
  ['./', 'Calculator'],
  ['./learn.html', 'Learn'],
  ['./validation.html', 'Validation'],
] as const;

const headOf = (path: string): string => `<header class="header">
        <p class="wordmark"><a href="./">actmem</a></p>
        <p class="tagline">what a training step keeps in memory, to the byte</p>
        <span class="spring"></span>
        <nav class="pages" aria-label="Pages">${PAGES.map(([href, name]) => `<a href="${href}"${href === `.${path}` ? ' aria-current="page"' : ''}>${name}</a>`).join(' ')}</nav>
      </header>`;

export const masthead: Plugin = {
  name: 'masthead',
  transformIndexHtml: { order: 'pre', handler: (html, { path }) => html.replace('<!--masthead-->', headOf(path)) },
};
