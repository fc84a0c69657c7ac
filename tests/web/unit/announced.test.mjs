import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { close, load, root } from './modules.mjs';

after(close);
const { announce, announced, siteOf, sitemap } = await load('plugins/announced.ts');
const PAGES = ['index.html', 'learn.html', 'validation.html', 'zero.html', 'accumulation.html', 'gpu.html'];

test('an address of a site ends in a slash; what is none is refused by name', () => {
  assert.equal(siteOf(undefined), null);
  assert.equal(siteOf(''), null);
  assert.equal(siteOf('https://example.org/actmem'), 'https://example.org/actmem/');
  for (const text of ['example.org', 'ftp://example.org/', 'https://example.org/?a=b', 'https://example.org/#a']) assert.throws(() => siteOf(text), /SITE=|Invalid URL/, text);
});

test('every page to be found has its own title, description and, on a known site, address and picture', async () => {
  const seen = new Set();
  for (const file of PAGES) {
    const path = file.replace('index.html', '');
    const html = await readFile(join(root, 'web', file), 'utf8');
    const tags = announce(html, path, 'https://example.org/actmem/');
    const of = (name) => tags.find(({ attrs }) => attrs.property === name || attrs.rel === name)?.attrs;
    assert.equal(of('canonical').href, `https://example.org/actmem/${path}`);
    assert.equal(of('og:url').content, of('canonical').href);
    assert.equal(of('og:image').content, 'https://example.org/actmem/card.png');
    assert.ok(of('og:title').content.length > 10 && of('og:description').content.length > 50, file);
    assert.ok(html.includes(of('og:title').content.replaceAll('&', '&amp;')));
    seen.add(of('og:description').content);
    /* Where the site is not known nothing points anywhere. */
    assert.ok(!announce(html, path, null).some(({ attrs }) => /https?:/.test(Object.values(attrs).join())));
  }
  assert.equal(seen.size, PAGES.length);
});

test('every page to be found has the colours of tokens.css and the sign, others have none', async () => {
  const tokens = await readFile(join(root, 'web/src/styles/tokens.css'), 'utf8');
  const paper = /--paper: light-dark\((#\w+), (#\w+)\)/.exec(tokens).slice(1);
  const { transformIndexHtml } = announced(['', 'learn.html'], undefined);
  for (const path of ['/index.html', '/learn.html']) {
    const tags = transformIndexHtml('<title>a</title>', { path }).map(({ attrs }) => attrs);
    assert.deepEqual(
      tags.filter(({ name }) => name === 'theme-color').map(({ content }) => content),
      paper,
    );
    assert.ok(tags.some(({ rel, href }) => rel === 'icon' && href.startsWith('data:image/svg+xml,')));
  }
  assert.deepEqual(transformIndexHtml('<title>a</title>', { path: '/embed.html' }), []);
});

test('the picture is there, 1200 × 630', async () => {
  const png = await readFile(join(root, 'web/public/card.png'));
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1200, 630]);
});

test('the sitemap lists each page once', () => {
  assert.deepEqual([...sitemap('https://example.org/', ['', 'validation.html']).matchAll(/<loc>([^<]*)<\/loc>/g)].map(([, url]) => url), ['https://example.org/', 'https://example.org/validation.html']);
});
