/* The page and the core in Chromium, Firefox and WebKitGTK as Debian has them: the same bytes as the native build, and the same answers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { launch, root, serve } from './harness.mjs';
import { FIREFOX_NEEDS, firefox, missing, WEBKIT_NEEDS, webkit } from './webdriver.mjs';

async function chromium() {
  const browser = await launch();
  const page = await browser.newPage();
  return {
    go: (url) => page.goto(url),
    run: (script, ...args) => page.evaluate(`new Promise((done) => (function () { ${script} })(...${JSON.stringify(args)}, done))`),
    close: () => browser.close(),
  };
}

const ENGINES = [
  { name: 'Chromium', needs: {}, start: chromium },
  { name: 'Firefox', needs: FIREFOX_NEEDS, start: firefox },
  { name: 'WebKitGTK', needs: WEBKIT_NEEDS, start: webkit },
];

const TEXTS = [
  'model=llama-3-8b&seq=2048',
  'model=gpt2&batch=8&seq=1024&attention=eager',
  'model=deepseek-v3&seq=4096&checkpoint=full',
  'model=gemma-2-9b&seq=8192&checkpoint=sqrt&timeline=operations',
  'model=llama-3-8b&trainable=lora&autocast=bf16&dtype=fp32',
  'model=llama-3-70b&stack=megatron&seq=8192&tp=8&pp=4&checkpoint=budget:20GiB',
  'model=llama-3-8b&stack=torch&tp=4&sp=yes&allocator=cuda',
  'model=llama-3.1-405b&seq=8192&frontier=yes',
  'model=megatron-22b&batch=4&tp=8&device=a100-80-sxm',
  'model=llama-3-8b&checkpoint=memory-budget:0.4&fit=yes',
];
/* What the command line writes. */
const native = TEXTS.map((text) => execFileSync(join(root, 'build/actmem'), ['--json', ...text.split('&')], { encoding: 'utf8', maxBuffer: 1 << 24 }).trim());

/* The core alone, beside the page. */
const alone = createServer(async (request, response) => {
  try {
    const body = request.url === '/' ? '<!doctype html><link rel="icon" href="data:,"><title>core</title>' : await readFile(join(root, 'build', request.url.slice(1)));
    response.writeHead(200, { 'content-type': request.url === '/' ? 'text/html' : request.url.endsWith('.js') ? 'text/javascript' : 'application/wasm' }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => alone.listen(0, '127.0.0.1', resolve));
const site = await serve();

const EVALUATE = `
  const [texts, done] = [arguments[0], arguments[arguments.length - 1]];
  import('/loader/actmem.js')
    .then(async ({ loadWhole }) => loadWhole(await fetch('/whole.wasm')))
    .then((whole) => done(texts.map((text) => whole.evaluateJson(text))))
    .catch((error) => done(String(error)));
`;
/* The text of an element, or of its shadow root, once it matches. */
const UNTIL = `
  const [selector, pattern, done] = arguments;
  const end = Date.now() + 180_000;
  const look = () => {
    const found = document.querySelector(selector);
    const text = (found?.shadowRoot ?? found)?.textContent ?? '';
    if (new RegExp(pattern).test(text) || Date.now() > end) done(text);
    else setTimeout(look, 100);
  };
  look();
`;

let [passed, failed] = [0, 0];
async function check(name, work) {
  const started = performance.now();
  try {
    await work();
    passed++;
    console.log(`ok   ${name} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}\n     ${String(error?.message ?? error).split('\n').slice(0, 14).join('\n     ')}`);
  }
}

for (const { name, needs, start } of ENGINES) {
  const lacks = missing(needs);
  if (lacks.length > 0) {
    console.log(`skip ${name}: without ${lacks.join(', ')}`);
    continue;
  }
  const page = await start();
  await check(`${name}: the core says the native build's bytes`, async () => {
    await page.go(`http://127.0.0.1:${alone.address().port}/`);
    const said = await page.run(EVALUATE, TEXTS);
    assert.ok(Array.isArray(said), said);
    for (const [i, text] of TEXTS.entries()) assert.ok(said[i] === native[i], `${text}: ${said[i].length} characters, native ${native[i].length}`);
  });
  await check(`${name}: the page answers, and what makes it fit`, async () => {
    await page.go(`${site.address}#model=llama-3-8b&seq=8192`);
    assert.match(await page.run(UNTIL, '.answer-sentence', '61\\.0'), / keeps 53\.2\sGiB, 57,124,422,412\sbytes for its backward pass and peaks at 61\.0\sGiB, 65,529,742,088\sbytes\./);
    assert.match(await page.run(UNTIL, '.fit-changes li', 'GiB'), /Checkpoint with the fastest plan/);
    assert.match(await page.run(UNTIL, '.ledger', '134,217,728'), /134,217,728/);
  });
  await check(`${name}: a figure in a frame`, async () => {
    await page.go(`${site.address}embed.html?view=breakdown#model=llama-3-8b&seq=8192`);
    assert.match(await page.run(UNTIL, 'activation-memory', 'GiB'), / keeps 53\.2\sGiB, 57,124,422,412\sbytes/);
  });
  await page.close();
}
alone.close();
site.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
