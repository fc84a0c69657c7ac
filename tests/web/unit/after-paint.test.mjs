/* A page that is painted before what makes it live is fetched: nothing in its file asks for that any more, and its addresses are kept. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load } from './modules.mjs';

after(close);
const { afterPaint } = await load('plugins/after-paint.ts');


const PAGE = `<head>
  <link rel="preload" href="./assets/core-1.wasm" as="fetch" type="application/wasm" crossorigin />
  <link rel="preload" href="./assets/tables-2.json" as="fetch" type="application/json" crossorigin />
  <script type="module" crossorigin src="./assets/learn-3.js"></script>
  <link rel="stylesheet" crossorigin href="./assets/page-4.css">
</head>`;

test('module and data wait for the first paint, style sheets do not', () => {
  const html = afterPaint(PAGE);
  assert.doesNotMatch(html, /rel="preload"|type="module"/);
  assert.match(html, /<script src="\.\/after-paint\.js" defer data-modules="\.\/assets\/learn-3\.js" data-first="\.\/assets\/core-1\.wasm \.\/assets\/tables-2\.json"><\/script>/);
  assert.match(html, /<link rel="stylesheet" crossorigin href="\.\/assets\/page-4\.css">/);
});

test('all modules wait, in their order; a page without any is no such page', () => {
  const html = afterPaint(PAGE.replace('</head>', '  <script type="module" crossorigin src="./assets/zero-5.js"></script>\n</head>'));
  assert.doesNotMatch(html, /type="module"/);
  assert.equal(html.match(/after-paint\.js/g).length, 1);
  assert.match(html, /data-modules="\.\/assets\/learn-3\.js \.\/assets\/zero-5\.js"/);
  assert.throws(() => afterPaint('<head></head>'), /has a module/);
});
