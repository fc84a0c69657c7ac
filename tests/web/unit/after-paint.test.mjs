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
  assert.match(html, /<script src="\.\/after-paint\.js" defer data-module="\.\/assets\/learn-3\.js" data-first="\.\/assets\/core-1\.wasm \.\/assets\/tables-2\.json"><\/script>/);
  assert.match(html, /<link rel="stylesheet" crossorigin href="\.\/assets\/page-4\.css">/);
});

test('a page has one module, or is no such page', () => {
  for (const html of ['<head></head>', PAGE + PAGE]) assert.throws(() => afterPaint(html), /one module/);
});
