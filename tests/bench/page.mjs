/** The page as a visitor meets it, in Chromium: bytes shipped, a cold start, a slider dragged on a processor four times as slow. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { launch, open, root, serve } from '../web/harness.mjs';
import { bar, median, table } from './print.mjs';

const BAR_FIRST = 120_000;
const BAR_START = 1000;
const STARTS = 7;
const THROTTLE = 4;
const STEPS = 60;
const WIDTHS = [390, 1440];

const dist = join(root, 'web/dist');
const gzipped = (name) => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;

/** Paths of what a first visit asks for before its first answer, and milliseconds until that is painted. */
async function coldStart(browser, address, asked) {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (document.querySelector('.answer-sentence') === null) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => (window.answered = performance.now())));
    }).observe(document, { childList: true, subtree: true });
  });
  asked.length = 0;
  await page.goto(address);
  const milliseconds = await (await page.waitForFunction(() => window.answered)).jsonValue();
  /* The rest follows an idle moment later: not before the answer, so it is no part of the first load. */
  const first = await page.evaluate((until) => performance.getEntriesByType('resource').filter((r) => r.startTime < until).map((r) => r.name), milliseconds);
  await context.close();
  return { milliseconds, files: ['index.html', ...first.map((url) => url.slice(address.length))].filter((name) => existsSync(join(dist, name))) };
}

/** Frames while a slider is moved a step at each frame, and the thread's own time for one. */
async function drag(browser, address, width) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, serviceWorkers: 'block' });
  const page = await open(context, address);
  await page.waitForFunction(() => performance.getEntriesByType('resource').some((r) => r.name.includes('/whole-')));
  const client = await context.newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  await client.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE });
  const busy = async () => (await client.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value;
  const before = await busy();
  const frames = await page.evaluate(async (steps) => {
    const slider = document.querySelector('input[type="range"]');
    const [least, most] = [Number(slider.min), Number(slider.max)];
    const times = [];
    for (let i = 0; i <= steps; i++) {
      slider.value = String(least + ((most - least) * i) / steps);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      times.push(await new Promise(requestAnimationFrame));
    }
    return times.slice(1).map((time, i) => time - times[i]);
  }, STEPS);
  const own = ((await busy()) - before) * 1000 / (STEPS + 1);
  await context.close();
  return { frames: frames.sort((x, y) => x - y), own };
}

const browser = await launch();
const host = {};
const { address, close } = await serve('/', host);

const starts = [];
for (let i = 0; i < STARTS; i++) starts.push(await coldStart(browser, address, (host.asked ??= [])));
const sizes = starts[0].files.map((name) => [name, gzipped(name)]);

table('shipped before the first answer', ['gzipped B']);
for (const [name, size] of sizes) table.row(name, [size]);
table('shipped in all, the largest', ['gzipped B']);
const rest = readdirSync(dist, { recursive: true }).filter((name) => /\.\w+$/.test(name) && !sizes.some(([first]) => first === name));
for (const [name, size] of rest.map((name) => [name, gzipped(name)]).sort(([, x], [, y]) => y - x).slice(0, 8)) table.row(name, [size]);

table(`a slider dragged, processor ÷ ${THROTTLE}, ms`, ['median', '95 %', 'longest', 'own time']);
for (const width of WIDTHS) {
  const { frames, own } = await drag(browser, address, width);
  table.row(`${width} px`, [frames[STEPS >> 1], frames[Math.floor(0.95 * STEPS)], frames.at(-1), own].map((ms) => ms.toFixed(1)));
}

console.log();
const first = sizes.reduce((sum, [, size]) => sum + size, 0);
bar('first load, gzipped', first, 'B', BAR_FIRST);
bar('cold start to answer', median(starts.map(({ milliseconds }) => milliseconds)), 'ms', BAR_START);
close();
await browser.close();
