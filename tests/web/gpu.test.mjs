/* The benchmark of the visitor's GPU in browsers with software renderers: states and values, never rates. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { axeSource, launch, open, root, SCHEMES, serve, WIDTHS } from './harness.mjs';

const tests = [];
const test = (name, run) => tests.push({ name, run });

/* The host and bench.wasm alone, beside the page; run.js runs them in a Worker, or on a page that imports it. */
const RUN_JS = `
  import { startBench } from './loader/gpu.js';
  export async function go({ timestamps, budget, stop }, tell) {
    const module = await (await fetch('./bench.wasm')).arrayBuffer();
    const running = await startBench({ module, gpu: navigator.gpu, budget, timestamps, tell });
    if (stop !== null) setTimeout(() => running.stop('cancelled'), stop);
  }
  if (typeof document === 'undefined') onmessage = ({ data }) => go(data, postMessage);
`;
const alone = createServer(async (request, response) => {
  try {
    const [type, body] =
      request.url === '/'
        ? ['text/html', '<!doctype html><link rel="icon" href="data:,"><title>benchmark</title>']
        : request.url === '/run.js'
          ? ['text/javascript', RUN_JS]
          : [request.url.endsWith('.js') ? 'text/javascript' : 'application/wasm', await readFile(join(root, 'build', request.url.slice(1)))];
    response.writeHead(200, { 'content-type': type }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => alone.listen(0, '127.0.0.1', resolve));
const aloneAddress = `http://127.0.0.1:${alone.address().port}/`;

/** Runs it on a page or in a Worker; all that it tells, up to and with its end. */
async function run(context, { worker = false, timestamps = true, budget = 20_000, stop = null }) {
  const page = await context.newPage();
  if (process.env.DEBUG) page.on('console', (m) => console.log('  console', m.text())), page.on('requestfinished', (r) => console.log('  req', r.url())), page.on('requestfailed', (r) => console.log('  FAILED', r.url()));
  await page.goto(aloneAddress);
  const told = await page.evaluate(
    ([worker, options]) =>
      new Promise((resolve, reject) => {
        const told = [];
        const tell = (one) => {
          told.push(one);
          if (one.kind === 'end') resolve(told);
        };
        if (!worker) {
          void import('/run.js').then(({ go }) => go(options, tell)).catch(reject);
          return;
        }
        const thread = new Worker('/run.js', { type: 'module' });
        thread.onmessage = ({ data }) => tell(data);
        thread.onerror = ({ message }) => reject(new Error(message));
        thread.postMessage(options);
      }),
    [worker, { timestamps, budget, stop }],
  );
  await page.close();
  return {
    end: told.at(-1),
    device: told.find((t) => t.kind === 'device')?.device,
    rates: told.find((t) => t.kind === 'rates')?.rates,
    results: Object.fromEntries(told.filter((t) => t.kind === 'result').map((t) => [`${t.measure} ${t.variant}`, t.figures])),
    omitted: Object.fromEntries(told.filter((t) => t.kind === 'omitted').map((t) => [t.measure, t.omission])),
  };
}

function expectValid({ results, omitted }) {
  for (const [name, f] of Object.entries(results)) {
    if (f.samples === 0) continue;
    assert.ok(f.p10 > 0 && f.p10 <= f.median && f.median <= f.p90 && f.samples >= 3, name);
  }
  for (const [name, why] of Object.entries(omitted)) assert.ok(why !== 'wrong' && why !== 'refused', `${name}: ${why}`);
}

/* Whatever else the machine does, all of it is measured in the end: so this one has more time than a visitor would wait. */
for (const worker of [true, false]) {
  test(`everything is measured and right, in ${worker ? 'a Worker, by timestamps' : 'the page, by the clock'}`, async ({ gpu }) => {
    const got = await run(gpu, { worker, timestamps: worker, budget: 240_000 });
    assert.equal(got.end.ending, 'done', JSON.stringify(got.omitted));
    expectValid(got);
    const f16 = got.device.features.includes('shader-f16');
    for (const name of ['copy stored', 'toy stored', 'toy recomputed', 'matmul-f32 stored', 'mlp stored', 'mlp recomputed', 'attention stored', 'attention recomputed', 'softmax stored'])
      assert.ok(got.results[name]?.samples >= 3, `${name}: ${got.omitted[name.split(' ')[0]]}`);
    assert.equal(got.omitted['matmul-f16'], f16 ? undefined : 'unsupported');
    assert.equal(got.device.software, true);
    if (!worker) for (const [name, f] of Object.entries(got.results)) assert.equal(f.timestamps, 0, name);
    const { loadWhole } = await import('../../build/loader/actmem.js');
    const toy = (await loadWhole(await readFile(join(root, 'build/whole.wasm')))).toy('');
    assert.equal(got.results['toy stored'].size, toy.hidden);
    assert.equal(got.results['toy stored'].saved, toy.stored.saved_bytes);
    assert.equal(got.results['toy stored'].after, toy.stored.after_forward_bytes);
    assert.equal(got.results['toy stored'].peak, toy.stored.forward_peak_bytes);
    assert.equal(got.results['toy recomputed'].saved, toy.recomputed.saved_bytes);
    assert.equal(got.results['toy recomputed'].after, toy.recomputed.after_forward_bytes);
    assert.equal(got.results['toy recomputed'].peak, toy.recomputed.forward_peak_bytes);
    const { stored, recomputed } = toy;
    const again = got.results['toy recomputed'].flops / got.results['toy stored'].flops;
    assert.equal(again, 1 + recomputed.recomputed_flops / (3 * stored.forward_flops));
    assert.ok(got.rates.fp32 > 0 && got.rates.bandwidth > 0);
  });
}

test('it ends when it is told to', async ({ gpu }) => {
  const got = await run(gpu, { worker: true, stop: 1500 });
  assert.equal(got.end.ending, 'cancelled');
  expectValid(got);
});

test('its time is kept', async ({ gpu }) => {
  const got = await run(gpu, { worker: true, budget: 2000 });
  assert.equal(got.end.ending, 'time');
  expectValid(got);
});

test('without an adapter it says so', async ({ plain }) => {
  const got = await run(plain, { worker: true });
  assert.equal(got.end.ending, 'no-adapter');
  assert.deepEqual(got.results, {});
});

/* ---- the page */

const section = (page) => page.locator('#view-gpu');

async function near(context, address, hash = '') {
  const page = await open(context, address, hash);
  await section(page).scrollIntoViewIfNeeded();
  await section(page).locator('.gpu').waitFor({ timeout: 20_000 });
  return page;
}

test('the page: nothing is loaded before the start; progress, then results or why there are none, kept in a history that can be cleared', async ({ gpu, address }) => {
  const page = await near(gpu, address);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.waitForTimeout(300);
  assert.ok(!asked.some((url) => url.endsWith('bench.wasm')));
  await section(page).getByRole('button', { name: 'Measure this GPU' }).click();
  await section(page).locator('progress').waitFor();
  await section(page).getByRole('button', { name: /Measure/ }).waitFor({ timeout: 40_000 });
  assert.ok(asked.some((url) => url.endsWith('bench.wasm')));
  assert.match(await section(page).locator('.gpu-said').innerText(), /^(Measured\.|The time was up)/);
  const text = await section(page).innerText();
  assert.match(text, /software renderer/);
  for (const row of await section(page).locator('.gpu-toy tr[data-said]').all())
    assert.equal(await row.getAttribute('data-measured'), await row.getAttribute('data-said'));
  assert.ok((await section(page).locator('.gpu-toy').count()) === 1 || /Linear-ReLU-Linear not measured: the time was up/.test(text), text);
  await page.reload();
  await section(page).scrollIntoViewIfNeeded();
  await section(page).locator('.gpu-history summary').click({ timeout: 20_000 });
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
  await page.waitForFunction(() => /\d\s(ms|s|µs)/.test(document.querySelector('#view-fit')?.textContent ?? ''), undefined, { timeout: 20_000 });
  const before = await page.locator('#view-fit').innerText();
  await section(page).getByRole('button', { name: /Use this GPU/ }).click();
  await page.waitForFunction(() => location.hash.includes('device=mine'));
  const hash = await page.evaluate(() => location.hash.slice(1));
  for (const pair of ['device=mine', 'device_gflops=2148', 'device_fp32_gflops=1074', 'device_bandwidth=134217']) assert.ok(hash.split('&').includes(pair), hash);
  await page.waitForFunction((text) => document.querySelector('#view-fit').innerText !== text, before);
  assert.match(await section(page).innerText(), /These rates are the inputs’/);
  const download = page.waitForEvent('download');
  await section(page).getByRole('button', { name: 'Export as JSON' }).click();
  assert.deepEqual(JSON.parse(await readFile(await (await download).path(), 'utf8')), RUN);
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
    await page.waitForFunction(() => document.querySelector('.gpu-said')?.textContent !== '', undefined, { timeout: 20_000 });
    const text = await section(page).locator('.gpu-said').innerText();
    assert.match(text, says);
    assert.match(text, /Chrome and Edge have WebGPU/);
    assert.equal(await section(page).locator('.gpu-history').count(), 0);
    await page.close();
  }
});

for (const colorScheme of SCHEMES) {
  for (const width of WIDTHS) {
    test(`axe finds nothing in a measured GPU at ${width} px, ${colorScheme}`, async ({ browser, address }) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      await measured(context);
      const page = await open(context, address);
      if (width === 390) await page.locator('#tab-gpu').click();
      await section(page).scrollIntoViewIfNeeded();
      await section(page).locator('.roofline').waitFor({ timeout: 20_000 });
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
let passed = 0;
let failed = 0;
for (const { name, run } of tests) {
  if (only !== undefined && !name.includes(only)) continue;
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
  const started = performance.now();
  try {
    await run(given);
    assert.deepEqual(faults, []);
    passed++;
    console.log(`ok   ${name} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}\n     ${String(error?.message ?? error).split('\n').slice(0, 14).join('\n     ')}\n     ${faults.join('\n     ')}`);
  }
  await given.plain.close();
  await given.gpu.close();
}
await plainBrowser.close();
await gpuBrowser.close();
server.close();
alone.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
