/* Matrix products in f32 by the benchmark's kernels, TensorFlow.js and ONNX Runtime Web: in one page, on one adapter, printed as ratios. Then
 * the frames of actmem's own page while it measures. FLAGS=… are more switches of Chromium, to choose another adapter than its
 * software renderer. */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, open, root, serve } from '../../web/harness.mjs';

const here = join(root, 'tests/bench/gpu');
const SIZES = [512, 1024];
const ROUNDS = 5;
const BATCH = 200; /* ms */
const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>products</title>
<script src="tfjs/tfjs-core/dist/tf-core.min.js"></script><script src="tfjs/tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js"></script>
<script type="module" src="page.js"></script>`;
const TYPES = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm', json: 'application/json' };

const fileOf = (path) =>
  path === '/kernels.json'
    ? join(root, 'build/bench-kernels.json')
    : join(here, path.replace(/^\/ort\//, '/node_modules/onnxruntime-web/dist/').replace(/^\/tfjs\//, '/node_modules/@tensorflow/'));
const server = createServer(async ({ url }, response) => {
  try {
    const body = url === '/' ? PAGE : await readFile(fileOf(new URL(url, 'http://x').pathname));
    response.writeHead(200, { 'content-type': url === '/' ? 'text/html' : (TYPES[url.split('.').at(-1)] ?? 'text/plain') }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const flags = ['--enable-unsafe-webgpu', ...(process.env.FLAGS ?? '').split(' ').filter((x) => x !== '')];
const browser = await launch(flags);
const page = await browser.newPage();
page.on('pageerror', (error) => console.error(`  ${error.message}`));
await page.goto(`http://127.0.0.1:${server.address().port}/`);
await page.waitForFunction(() => globalThis.adapterName !== undefined, undefined, { timeout: 60_000 });
console.log(`  ${await page.evaluate(() => globalThis.adapterName())}`);
let status = 0;
for (const n of SIZES) {
  const results = await page.evaluate(([n, rounds, batch]) => globalThis.compare(n, rounds, batch), [n, ROUNDS, BATCH]);
  const [ours, ...others] = results;
  console.log(`  ${n} × ${n}, f32`);
  for (const { name, ms, error, tile } of results) {
    const against = name === ours.name ? `tile ${tile}` : `actmem is ${(ms / ours.ms).toFixed(2)} × as fast`;
    console.log(`    ${name.padEnd(26)} ${ms.toFixed(2).padStart(9)} ms ${((2 * n ** 3) / ms / 1e6).toFixed(2).padStart(9)} GFLOP/s  ${against}${error < 1e-4 ? '' : `, WRONG by ${error}`}`);
    if (!(error < 1e-4)) status = 1;
  }
  if (Math.min(...others.map((o) => o.ms)) < ours.ms) {
    console.log('    slower than the faster of the two');
    status = 1;
  }
}
await page.close();
server.close();

/* Frames: none while it measures should be longer than two of a screen of 60 a second. */
const site = await serve();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const measured = await open(context, site.address);
await measured.locator('#view-gpu').scrollIntoViewIfNeeded();
await measured.locator('#view-gpu .gpu').waitFor({ timeout: 60_000 });
await measured.evaluate(() => {
  globalThis.frames = [];
  let last = performance.now();
  const next = (now) => {
    globalThis.frames.push(now - last);
    last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
});
await measured.locator('#view-gpu').getByRole('button', { name: /Measure/ }).click();
await measured.locator('#view-gpu progress').waitFor();
await measured.locator('#view-gpu').getByRole('button', { name: /Measure/ }).waitFor({ timeout: 60_000 });
const frames = (await measured.evaluate(() => globalThis.frames)).toSorted((a, b) => a - b);
const seconds = frames.reduce((sum, f) => sum + f, 0) / 1000;
const long = frames.filter((f) => f > 1000 / 30).length;
console.log(`  the page while it measures: ${(frames.length / seconds).toFixed(1)} frames a second in ${seconds.toFixed(1)} s, ${long} longer than 33 ms, the longest ${frames.at(-1).toFixed(0)} ms`);
await browser.close();
site.close();
process.exitCode = status;
