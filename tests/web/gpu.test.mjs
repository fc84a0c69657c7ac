/* The benchmark of the visitor's GPU in browsers with software renderers: states and values, never rates. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attempts, axeSource, launch, open, root, SCHEMES, serve, WIDTHS } from './harness.mjs';
import { FIREFOX_NEEDS, firefox, missing, WEBKIT_NEEDS, webkit } from './webdriver.mjs';

const tests = [];
const test = (name, run) => tests.push({ name, run });

/* ---- browsers */

const LAVAPIPE = '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json';
const WEBGPU_OF_FIREFOX = { 'dom.webgpu.enabled': true, 'dom.webgpu.workers.enabled': true, 'gfx.webgpu.ignore-blocklist': true };

/** A test in a browser that may not be installed. `context` of it: newPage() has go(address), run(script, …) and close(). */
function testIn(needs, name, start, work) {
  const lacks = missing(needs);
  if (lacks.length > 0) tests.push({ name, lacks });
  else
    test(name, async () => {
      const page = await start();
      try {
        await work({ newPage: async () => ({ ...page, close: async () => undefined }) });
      } finally {
        await page.close();
      }
    });
}
const testInFirefox = (name, prefs, work) => testIn({ ...FIREFOX_NEEDS, [LAVAPIPE]: 'mesa-vulkan-drivers' }, name, () => firefox(prefs, { VK_DRIVER_FILES: LAVAPIPE, VK_ICD_FILENAMES: LAVAPIPE }), work);
const testInWebKit = (name, work) => testIn(WEBKIT_NEEDS, name, webkit, work);

/* ---- the host and bench.wasm alone: on a page that runs them as its address says, and ends with all that was told as its text */

const RUN_JS = `
  import { startBench } from './loader/gpu.js';
  export async function go({ timestamps, budget, stop }, tell) {
    const module = await (await fetch('./bench.wasm')).arrayBuffer();
    const running = await startBench({ module, gpu: navigator.gpu, budget, timestamps, tell });
    if (stop !== null) setTimeout(() => running.stop('cancelled'), stop);
  }
  if (typeof document === 'undefined') onmessage = ({ data }) => go(data, (told) => postMessage(told));
`;
const PAGE_JS = `
  const { worker, ...options } = JSON.parse(decodeURIComponent(location.search.slice(1)));
  const told = [];
  const end = (all) => (document.body.textContent = JSON.stringify(all));
  const fail = (error) => end([{ kind: 'failed', message: String(error?.message ?? error) }]);
  const tell = (one) => {
    told.push(one);
    if (one.kind === 'end') end(told);
  };
  if (worker) {
    const thread = new Worker('/run.js', { type: 'module' });
    thread.onmessage = ({ data }) => tell(data);
    thread.onerror = fail;
    thread.postMessage(options);
  } else {
    const { go } = await import('./run.js');
    await go(options, tell).catch(fail);
  }
`;
const FILES = {
  '/': ['text/html', '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>benchmark</title><script type="module" src="page.js"></script><body></body>'],
  '/page.js': ['text/javascript', PAGE_JS],
  '/run.js': ['text/javascript', RUN_JS],
};
const alone = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  try {
    const [type, body] = FILES[pathname] ?? [pathname.endsWith('.js') ? 'text/javascript' : 'application/wasm', await readFile(join(root, 'build', pathname.slice(1)))];
    response.writeHead(200, { 'content-type': type }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => alone.listen(0, '127.0.0.1', resolve));
const aloneAddress = `http://127.0.0.1:${alone.address().port}/`;

const WAIT = `
  const done = arguments[arguments.length - 1];
  const look = () => (document.body.textContent === '' ? setTimeout(look, 100) : done(document.body.textContent));
  look();
`;

/** Runs it on a page or in a Worker; all that it tells, up to and with its end. */
async function run(context, { worker = true, timestamps = true, budget = 20_000, stop = null } = {}) {
  const page = await context.newPage();
  const go = page.go ?? ((url) => page.goto(url));
  const wait = page.run ?? ((script) => page.evaluate(`new Promise((done) => (function () {${script}})(done))`));
  await go(`${aloneAddress}?${encodeURIComponent(JSON.stringify({ worker, timestamps, budget, stop }))}`);
  const told = JSON.parse(await wait(WAIT));
  await page.close();
  assert.equal(told.at(-1).kind, 'end', told.at(-1).message);
  const got = {
    end: told.at(-1),
    device: told.find((t) => t.kind === 'device')?.device,
    rates: told.findLast((t) => t.kind === 'rates')?.rates,
    results: Object.fromEntries(told.filter((t) => t.kind === 'result').map((t) => [`${t.measure} ${t.variant}`, t.figures])),
    omitted: Object.fromEntries(told.filter((t) => t.kind === 'omitted').map((t) => [t.measure, t.omission])),
  };
  assert.ok(got.end.milliseconds <= budget, `${got.end.milliseconds} of ${budget} ms`);
  for (const [name, f] of Object.entries(got.results)) {
    assert.equal(f.check > 0, true, name);
    if (f.samples === 0) continue;
    assert.ok(f.p10 > 0 && f.p10 <= f.median && f.median <= f.p90 && f.samples >= 3, name);
    if (!timestamps) assert.equal(f.timestamps, 0, name);
  }
  for (const [name, why] of Object.entries(got.omitted)) assert.ok(why !== 'wrong' && why !== 'refused', `${name}: ${why} ${got.end.detail}`);
  return got;
}

const { loadWhole } = await import('../../build/loader/actmem.js');
const whole = await loadWhole(await readFile(join(root, 'build/whole.wasm')));

/** The toy's bytes are the tape's at its width, and so is what is computed again. */
function expectToy({ results }) {
  const { 'toy stored': stored, 'toy recomputed': recomputed } = results;
  const toy = whole.toy(`hidden=${stored.size}`);
  for (const [got, said] of [
    [stored, toy.stored],
    [recomputed, toy.recomputed],
  ]) {
    assert.equal(got.saved, said.saved_bytes);
    assert.equal(got.after, said.after_forward_bytes);
    assert.equal(got.peak, said.forward_peak_bytes);
    assert.equal(got.check, 1); /* every gradient, against C's */
  }
  assert.equal(recomputed.flops / stored.flops, 1 + toy.recomputed.recomputed_flops / (3 * toy.stored.forward_flops));
}

const ALWAYS = ['copy stored', 'matmul-f32 stored', 'mlp stored', 'mlp recomputed', 'attention stored', 'attention recomputed', 'softmax stored', 'toy stored', 'toy recomputed'];

/** In its time it ends, with what is right. Where other work on this machine left it too little, it has more of it a second time. */
async function expectAll(context, options) {
  let got = await run(context, options);
  assert.equal(got.end.ending, Object.values(got.omitted).includes('time') || got.results['toy stored']?.samples === 0 ? 'time' : 'done');
  if (got.end.ending === 'time') {
    console.log(`     not in 20 s: ${Object.entries(got.omitted).filter(([, why]) => why === 'time').map(([name]) => name).join(', ') || 'times of the toy'}`);
    got = await run(context, { ...options, budget: 60_000 });
  }
  /* The toy is last and as wide as the time that was foreseen: where the machine became slower it has its bytes and gradients alone. */
  const untimed = got.end.ending === 'time' && !Object.values(got.omitted).includes('time');
  assert.ok(got.end.ending === 'done' || untimed, `${got.end.ending} ${JSON.stringify(got.omitted)}`);
  for (const name of ALWAYS) assert.ok(got.results[name]?.samples >= (untimed && name.startsWith('toy') ? 0 : 3), `${name}: ${got.omitted[name.split(' ')[0]]}`);
  expectToy(got);
  for (const name of ['matmul-f16', 'matmul-f16-f32']) assert.equal(got.omitted[name], got.device.features.includes('shader-f16') ? undefined : 'unsupported');
  assert.ok(got.rates.fp32 > 0 && got.rates.gflops > 0 && got.rates.bandwidth > 0);
  assert.equal(got.device.software, true);
  return got;
}

test('all is measured and right in 20 s: Chromium with SwiftShader, in a Worker, by timestamps', ({ gpu }) => expectAll(gpu, {}));
test('all is measured and right in 20 s: Chromium with SwiftShader, on the page, by the clock', ({ gpu }) => expectAll(gpu, { worker: false, timestamps: false }));

testInFirefox('all is measured and right in 20 s: Firefox with lavapipe, f16 too, in a Worker', WEBGPU_OF_FIREFOX, async (context) => {
  const got = await expectAll(context, {});
  assert.ok(got.device.features.includes('shader-f16'));
  assert.ok(got.results['matmul-f16 stored'].samples >= 3 && got.results['matmul-f16-f32 stored'].samples >= 3);
});

testInFirefox('Firefox without WebGPU says so', { 'dom.webgpu.enabled': false }, async (context) => {
  const got = await run(context);
  assert.equal(got.end.ending, 'absent');
  assert.deepEqual(got.results, {});
});

testInWebKit('WebKitGTK, which has no WebGPU, says so', async (context) => {
  for (const worker of [true, false]) {
    const got = await run(context, { worker });
    assert.equal(got.end.ending, 'absent');
    assert.deepEqual(got.results, {});
  }
});

test('it ends when it is told to', async ({ gpu }) => {
  const got = await run(gpu, { stop: 1500 });
  assert.equal(got.end.ending, 'cancelled');
});

test('its time is kept', async ({ gpu }) => {
  const got = await run(gpu, { budget: 2000 });
  assert.equal(got.end.ending, 'time');
});

test('without an adapter it says so', async ({ plain }) => {
  const got = await run(plain);
  assert.equal(got.end.ending, 'no-adapter');
  assert.deepEqual(got.results, {});
});

/* ---- the page */

const section = (page) => page.locator('#view-gpu');
const BENCH = /\/bench(-[\w-]+)?\.wasm$/;

async function near(context, address, hash = '') {
  const page = await open(context, address, hash);
  await section(page).scrollIntoViewIfNeeded();
  await section(page).locator('.gpu').waitFor();
  return page;
}

test('the page: nothing is loaded before the start; progress, then results or why there are none, kept in a history that can be cleared', async ({ gpu, address }) => {
  const page = await near(gpu, address);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.waitForTimeout(300);
  assert.ok(!asked.some((url) => BENCH.test(url)));
  await section(page).getByRole('button', { name: 'Measure this GPU' }).click();
  await section(page).locator('progress').waitFor();
  const started = performance.now();
  await section(page).getByRole('button', { name: /Measure/ }).waitFor();
  assert.ok(performance.now() - started < 20_000 + 10_000, 'the page promises 20 s; the rest is for a loaded machine to show the end');
  assert.ok(asked.some((url) => BENCH.test(url)));
  assert.match(await section(page).locator('.gpu-said').innerText(), /^(Measured\.|The time was up)/);
  const text = await section(page).innerText();
  assert.match(text, /software renderer/);
  for (const row of await section(page).locator('.gpu-toy tr[data-said]').all())
    assert.equal(await row.getAttribute('data-measured'), await row.getAttribute('data-said'));
  assert.ok((await section(page).locator('.gpu-toy').count()) === 1 || /Linear-ReLU-Linear not measured: the time was up/.test(text), text);
  await page.reload();
  await section(page).scrollIntoViewIfNeeded();
  await section(page).locator('.gpu-history summary').click();
  assert.match(await section(page).locator('.gpu-history summary').innerText(), /: 1$/);
  await section(page).getByRole('button', { name: 'Clear the history' }).click();
  assert.equal(await section(page).locator('.gpu-history').count(), 0);
  assert.equal(await page.evaluate(() => localStorage.getItem('actmem.gpu')), null);
  await page.close();
});

const figures = (change) => ({ size: 1024, median: 2, p10: 1.9, p90: 2.2, samples: 11, runs: 10, timestamps: 1, flops: 2 ** 31, bytes: 3 * 2 ** 22, gflops: 1073.7, mbs: 6291, saved: 0, after: 0, peak: 0, check: 1, ...change });
const RUN = {
  when: '2026-01-02T03:04:05.000Z',
  device: { vendor: 'someone', architecture: 'something', description: '', software: false, features: ['shader-f16'], limits: {} },
  results: {
    copy: { stored: figures({ size: 2 ** 27, flops: 0, bytes: 2 ** 28, gflops: 0, mbs: 134217 }) },
    'matmul-f32': { stored: figures({}) },
    'matmul-f16-f32': { stored: figures({ median: 1, p10: 0.9, p90: 1.1, gflops: 2147.5 }) },
    mlp: { stored: figures({ median: 30, p10: 29, p90: 31, flops: 5e10 }), recomputed: figures({ median: 36, p10: 35, p90: 37, flops: 5.8e10 }) },
    toy: { stored: figures({ size: 4096, saved: 131072, after: 131076, peak: 262148, gflops: 90 }), recomputed: figures({ size: 4096, saved: 0, after: 4, peak: 262144 }) },
  },
  omitted: { 'matmul-f16': 'wrong', softmax: 'time' },
  rates: { gflops: 2147.5, fp32: 1073.7, bandwidth: 134217 },
  ending: 'time',
  milliseconds: 20_000,
  detail: '',
};

const measured = (context) => context.addInitScript((run) => location.protocol.startsWith('http') && localStorage.setItem('actmem.gpu', JSON.stringify([run])), RUN);

test('what was measured becomes inputs, in the address, and every time on the page follows', async ({ plain, address }) => {
  await measured(plain);
  const page = await near(plain, address);
  const text = await section(page).innerText();
  assert.match(text, /1,0\d\d GFLOP\/s/);
  assert.match(text, /f16 not measured: the GPU’s result was wrong/);
  assert.equal(await section(page).locator('.gpu-toy .fault').count(), 0);
  await page.locator('#view-fit').scrollIntoViewIfNeeded();
  await page.waitForFunction(() => /\d\s(ms|s|µs)/.test(document.querySelector('#view-fit')?.textContent ?? ''), undefined);
  const before = await page.locator('#view-fit').innerText();
  await section(page).getByRole('button', { name: /Use this GPU/ }).click();
  await page.waitForFunction(() => location.hash.includes('device=mine'));
  const hash = await page.evaluate(() => location.hash.slice(1));
  for (const pair of ['device=mine', 'device_gflops=2148', 'device_fp32_gflops=1074', 'device_bandwidth=134217']) assert.ok(hash.split('&').includes(pair), hash);
  await page.waitForFunction((text) => document.querySelector('#view-fit').innerText !== text, before);
  assert.match(await section(page).innerText(), /The inputs use these rates/);
  const download = page.waitForEvent('download');
  await section(page).getByRole('button', { name: 'Export as JSON' }).click();
  assert.deepEqual(JSON.parse(await readFile(await (await download).path(), 'utf8')), RUN);
  await page.close();
});

test('the roofline by keyboard, and its points as a table', async ({ plain, address }) => {
  await measured(plain);
  const page = await near(plain, address);
  const dots = section(page).locator('.roof-dot');
  const count = await dots.count();
  assert.ok(count > 3);
  assert.equal(await section(page).locator('.roof-dot[tabindex="0"]').count(), 1);
  await dots.first().focus();
  const said = [];
  for (let i = 0; i < count; i++) {
    said.push(await section(page).locator('.roofline .tradeoff-readout').innerText());
    assert.equal(said[i], await dots.nth(i).getAttribute('aria-label'));
    await page.keyboard.press('ArrowRight');
  }
  await section(page).getByRole('button', { name: 'Table', exact: true }).click();
  const rows = await section(page).locator('.chart-table tbody tr').allInnerTexts();
  assert.equal(rows.length, count);
  for (const [i, row] of rows.entries()) {
    const [name, intensity, reached] = row.split('\t').map((cell) => cell.trim());
    for (const part of [`${name}: `, `${intensity} FLOP a byte`, `${reached} GFLOP/s`]) assert.ok(said[i].includes(part), `${said[i]} without ${part}`);
  }
  await page.close();
});

test('without WebGPU or a GPU the page says what to do', async ({ plain, address }) => {
  for (const [without, says] of [
    [false, /no GPU that it would use/],
    [true, /no WebGPU/],
  ]) {
    if (without) {
      await plain.route('**/bench-worker*.js', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `Object.defineProperty(navigator, 'gpu', { value: undefined });\n${await response.text()}` });
      });
    }
    const page = await near(plain, address);
    await section(page).getByRole('button', { name: 'Measure this GPU' }).click();
    await page.waitForFunction(() => document.querySelector('.gpu-said')?.textContent !== '', undefined);
    const text = await section(page).locator('.gpu-said').innerText();
    assert.match(text, says);
    assert.match(text, /Chrome and Edge have WebGPU/);
    assert.equal(await section(page).locator('.gpu-history').count(), 0);
    await page.close();
  }
});

test('on a phone what was measured keeps within the page, and what the roofline has of it is named', async ({ browser, address }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  await measured(context);
  const page = await open(context, address);
  await page.locator('#tab-gpu').click();
  await section(page).locator('.roof-dot').first().waitFor();
  const regions = await section(page).locator('.scroll').evaluateAll((all) => all.map(({ ariaLabel, scrollWidth, clientWidth }) => [ariaLabel, scrollWidth - clientWidth]));
  assert.deepEqual(regions, [['Rates', 0], ['What recomputation costs', 0], ['Bytes of Linear-ReLU-Linear', 0]]);
  const names = await section(page).locator('.roof-name').allTextContents();
  for (const name of ['Matrix product, f32', 'MLP of a transformer', 'Linear-ReLU-Linear']) assert.ok(names.includes(name), names.join());
  await context.close();
});

for (const colorScheme of SCHEMES) {
  for (const width of WIDTHS) {
    test(`axe finds nothing in a measured GPU at ${width} px, ${colorScheme}`, async ({ browser, address }) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      await measured(context);
      const page = await open(context, address);
      if (width === 390) await page.locator('#tab-gpu').click();
      await section(page).scrollIntoViewIfNeeded();
      await section(page).locator('.roofline').waitFor();
      await page.addScriptTag({ path: axeSource });
      const violations = await page.evaluate(() => axe.run('#view-gpu').then((r) => r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`)));
      assert.deepEqual(violations, []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'wider than the page');
      await context.close();
    });
  }
}

/* ---- run */
const only = process.argv[2];
const server = await serve();
const plainBrowser = await launch();
const gpuBrowser = await launch(['--enable-unsafe-webgpu']);

/** One try of a test, in contexts of its own: throws what failed. */
async function attempt(run) {
  const faults = [];
  const given = { browser: plainBrowser, address: server.address };
  for (const [key, browser] of [['plain', plainBrowser], ['gpu', gpuBrowser]]) {
    given[key] = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
    given[key].on('page', (page) => {
      page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
      page.on('request', (request) => {
        if (!/^(http:\/\/127\.0\.0\.1|data:|blob:)/.test(request.url())) faults.push(`request: ${request.url()}`);
      });
    });
  }
  try {
    await run(given);
    assert.deepEqual(faults, []);
  } catch (error) {
    error.message = [error.message, ...faults.slice(0, 5)].join('\n');
    throw error;
  } finally {
    await given.plain.close();
    await given.gpu.close();
  }
}

process.exitCode = await attempts(
  tests.filter(({ name, lacks }) => {
    if (only !== undefined && !name.includes(only)) return false;
    if (lacks !== undefined) console.log(`skip ${name}: without ${lacks.join(', ')}`);
    return lacks === undefined;
  }),
  ({ run }) => attempt(run),
);
await plainBrowser.close();
await gpuBrowser.close();
server.close();
alone.close();
