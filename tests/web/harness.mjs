/* A static server of web/dist, Debian's Chromium, and what both the test and the screenshots need. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(join(root, 'web/package.json'));
const { chromium } = require('playwright-core');
export const axeSource = require.resolve('axe-core/axe.min.js');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

/** Serves web/dist from a sub-path, as any static host may. `host` may be changed on the way: `dist` to another folder, `down` to answer nobody,
 * `instead(path)` to the text of a file in place of its own, `headers(path)` to more of them; `asked` has the paths that were asked for. */
export async function serve(prefix = '/some/where/', host = {}) {
  host.dist ??= process.env.DIST ?? join(root, 'web/dist');
  host.asked ??= [];
  const server = createServer(async (request, response) => {
    if (host.down) {
      request.socket.destroy();
      return;
    }
    const { pathname } = new URL(request.url, 'http://localhost');
    const inside = pathname.startsWith(prefix) ? normalize(pathname.slice(prefix.length)) || 'index.html' : null;
    const file = inside === null || inside.startsWith('..') ? null : join(host.dist, inside === '.' ? 'index.html' : inside);
    if (inside !== null) host.asked.push(inside);
    if (file === null || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'cache-control': 'no-store', 'access-control-allow-origin': '*', ...host.headers?.(inside) });
    response.end(host.instead?.(inside) ?? (await readFile(file)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${server.address().port}${prefix}`, close: () => server.close() };
}

/* How many times slower than it is this machine is made for the pages: what a quick one hides shows then. THROTTLE=6 make test-browser */
const THROTTLE = Number(process.env.THROTTLE ?? 1);
/* Milliseconds. What is waited for comes long before, on a machine several times slower than one wants to work on too. */
const LIMIT = 60_000;

/** more: further switches */
export async function launch(more = []) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  });
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    context.setDefaultTimeout(LIMIT);
    if (THROTTLE > 1) throttle(context);
    return context;
  };
  return browser;
}

/** Slows its pages down before they go anywhere. */
function throttle(context) {
  const newPage = context.newPage.bind(context);
  context.newPage = async () => {
    const page = await newPage();
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE });
    return page;
  };
}

export const WIDTHS = [390, 820, 1440];
export const SCHEMES = ['light', 'dark'];

/** Opens the page, `width` wide if that is given, and waits for its first answer and for what stands below it. */
export async function open(context, address, hash = '', width = null) {
  const page = await context.newPage();
  if (width !== null) await page.setViewportSize({ width, height: 900 });
  await page.goto(address + (hash === '' ? '' : `#${hash}`));
  await page.waitForSelector('.answer-sentence');
  await page.waitForSelector('.below', { state: 'detached' });
  return page;
}

/** What `read` gives once `good` takes it, or when the time is up: how loaded the machine is decides nothing. */
export async function until(read, good) {
  const end = performance.now() + LIMIT;
  for (;;) {
    const value = await read();
    if (good(value) || performance.now() > end) return value;
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** What `read` gives is `wanted` before long. */
export async function becomes(read, wanted, message) {
  assert.deepEqual(await until(read, (value) => isDeepStrictEqual(value, wanted)), wanted, message);
}

/** The text of an element matches before long. */
export async function says(element, pattern) {
  assert.match(await until(() => element.innerText(), (text) => pattern.test(text)), pattern);
}

/** The map of what fits, once it is drawn: a machine too slow for the page's patience is asked for it anyway. */
export async function mapped(page) {
  const anyway = page.getByRole('button', { name: 'Draw it anyway' });
  const here = page.locator('.fit-map-here');
  await here.or(anyway).first().waitFor();
  if (await here.isVisible()) return;
  await anyway.click();
  await here.waitFor();
}

/** Points at what may still be moved by what arrives round it, until `shown` gives what it should: the pointer is on it then. */
export async function pointed(element, shown, good) {
  return until(async () => {
    await element.hover();
    return shown();
  }, good);
}

/** Its box once what arrives round it no longer moves it: the same in twenty frames of the page's own. */
export async function still(element) {
  await element.evaluate(
    (node) =>
      new Promise((done) => {
        let [last, same] = ['', 0];
        const look = () => {
          const { x, y, width, height } = node.getBoundingClientRect();
          const now = [x, y, width, height].join();
          same = now === last ? same + 1 : 0;
          last = now;
          if (same < 20) requestAnimationFrame(look);
          else done();
        };
        look();
      }),
  );
  return element.boundingBox();
}

/**
 * Runs the tests, each a second time if it fails: a browser on a loaded machine stalls where no test can tell. One that passed only
 * then is named. As many at once as there are lanes, each of which takes the next one: attempt(test, lane). Prints a line each and
 * the sum; gives the exit status.
 */
export async function attempts(tests, attempt, lanes = [undefined]) {
  let passed = 0;
  let failed = 0;
  const left = tests.values();
  const work = async (lane) => {
    for (const test of left) {
      for (let tries = 2; tries-- > 0; ) {
        const started = performance.now();
        try {
          await attempt(test, lane);
          passed++;
          console.log(`ok   ${test.name} (${Math.round(performance.now() - started)} ms)`);
          break;
        } catch (error) {
          if (tries === 0) failed++;
          const why = String(error?.message ?? error).split('\n').slice(0, 14).join('\n     ');
          console.log(`${tries === 0 ? 'FAIL' : 'again'} ${test.name}\n     ${why}`);
        }
      }
    }
  };
  await Promise.all(lanes.map(work));
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
