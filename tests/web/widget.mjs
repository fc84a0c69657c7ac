/* <activation-memory> on pages of others: from another origin, under a strict policy, in a frame, without JavaScript. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { axeSource, root, serve, until } from './harness.mjs';

const VIEWS = ['breakdown', 'layer', 'example', 'checkpoint', 'frontier', 'timeline', 'compare'];
const CSS = 'body { font: 19px/1.7 serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; background: #fff; color: #222; } .dark { background: #1e2129; color: #ccc; } html { font-size: 10px; } .far { height: 4000px; }';
/* What each view shows when it is there. */
const SHOWN = { breakdown: '.block', layer: '.mark', example: '.closed-value', checkpoint: '.plans tbody tr', frontier: '.knot', timeline: '.timeline-area', compare: '.comparison tbody tr' };

const policyFor = (site, wasm = "'wasm-unsafe-eval'") => `default-src 'none'; script-src ${site} ${wasm}; connect-src ${site}; style-src 'self'; img-src data:; frame-src ${site}`;

/** A page of somebody else's: what `body` says of the site's address. */
async function guest(body, { policy = policyFor, attributes = '' } = {}) {
  const site = await serve('/tools/actmem/');
  const { origin } = new URL(site.address);
  const host = createServer((request, response) => {
    const css = request.url.endsWith('.css');
    response.writeHead(200, { 'content-type': css ? 'text/css' : 'text/html; charset=utf-8', ...(css ? {} : { 'content-security-policy': policy(origin) }) });
    response.end(css ? CSS : `<!doctype html><html lang="en"><title>Guest</title><link rel="icon" href="data:,"><link rel="stylesheet" href="page.css"><body ${attributes}><main><h1>Guest</h1>${body(site.address)}</main>`);
  });
  await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${host.address().port}/`, site: site.address, close: () => (host.close(), site.close()) };
}

const script = (site) => `<script async src="${site}widget.js"></script>`;
const figure = (view, query = 'model=llama-3-8b', more = '') => `<activation-memory view="${view}" query="${query}" ${more}><p>what the author wrote</p></activation-memory>`;

export function widgetTests(test) {
  /** A test on a page of others. What goes wrong there is a fault, unless `expected` says so. */
  const embedded = (name, body, run, { expected, init, context: how = {}, ...options } = {}) =>
    test(name, async ({ browser }) => {
      const host = await guest(body, options);
      const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, ...how });
      if (init !== undefined) await context.addInitScript(init);
      const page = await context.newPage();
      const faults = [];
      page.on('console', (message) => ['error', 'warning'].includes(message.type()) && faults.push(message.text()));
      page.on('pageerror', (error) => faults.push(error.message));
      try {
        await page.goto(host.address);
        await run({ page, host });
        assert.deepEqual(
          faults.filter((text) => !expected?.test(text)),
          [],
        );
      } finally {
        await context.close();
        host.close();
      }
    });

  test('widget.js is one script of less than 100 KB, gzipped, with the core in it', async () => {
    const text = await readFile(join(root, 'web/dist/widget.js'));
    const size = gzipSync(text, { level: 9 }).length;
    assert.ok(size < 100_000, `${size} bytes`);
  });

  embedded(
    'every view stands on a page with a strict policy, from the script alone where the core is enough',
    (site) => VIEWS.map((view) => figure(view, 'model=llama-3-8b&seq=4096&checkpoint=full', 'against="checkpoint=none"')).join('') + script(site),
    async ({ page, host }) => {
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      for (const view of VIEWS) {
        const element = page.locator(`activation-memory[view=${view}]`);
        await element.scrollIntoViewIfNeeded();
        await element.locator(SHOWN[view]).first().waitFor({ state: 'attached' });
        assert.match(await element.locator('.widget-answer').innerText(), /^Llama 3 8B at 4,096 tokens, checkpointed by full, keeps 3\.08\sGiB/);
        assert.equal(await element.getByRole('link', { name: 'Open in actmem' }).getAttribute('href'), `${host.site}#model=llama-3-8b&seq=4096&checkpoint=full`);
        assert.ok(!(await element.getByText('what the author wrote').isVisible()));
      }
      /* The exact frontier alone needs more than the script. */
      assert.deepEqual([...new Set(asked.map((url) => url.replace(/.*\/|-[\w-]{8}(?=\.)/g, '')))].filter((name) => !['widget.js', 'page.css', ''].includes(name)).sort(), ['frontier-island.js', 'whole.wasm']);
      await page.setViewportSize({ width: 390, height: 800 });
      await page.waitForFunction(() => document.documentElement.scrollWidth <= 390);
    },
  );

  embedded(
    'nothing runs before it is near the window',
    (site) => `${script(site)}<div class="far"></div>${figure('breakdown')}`,
    async ({ page }) => {
      const element = page.locator('activation-memory');
      await page.waitForFunction(() => customElements.get('activation-memory') !== undefined);
      /* What would start it looks once a frame. */
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
      assert.equal(await element.locator('.widget').count(), 0);
      assert.ok(await element.getByText('what the author wrote').isVisible());
      await element.scrollIntoViewIfNeeded();
      await element.locator('.block').first().waitFor();
    },
  );

  embedded(
    'a bad attribute shows its error in place, and what the author wrote stays',
    (site) => figure('breakdown', 'model=no-such') + figure('pie') + figure('compare') + figure('breakdown', '', 'inputs="seq speed"') + figure('breakdown', '', 'scheme="blue"') + script(site),
    async ({ page }) => {
      const said = [/there is no model 'no-such'/, /there is no view 'pie'; it is one of breakdown, layer/, /against="checkpoint=full"/, /no input 'speed'/, /no scheme 'blue'; it is light, dark/];
      for (const [i, text] of said.entries()) {
        const element = page.locator('activation-memory').nth(i);
        await element.scrollIntoViewIfNeeded();
        await element.locator('.fault').waitFor();
        assert.match(await element.locator('.widget-wrong').innerText(), text);
        assert.ok(await element.getByText('what the author wrote').isVisible());
      }
      /* Set right, it is a figure. */
      await page.locator('activation-memory').nth(1).evaluate((element) => element.setAttribute('view', 'timeline'));
      await page.locator('activation-memory').nth(1).locator('.timeline-area').waitFor();
    },
  );

  embedded(
    'changed inputs change the figure and are told to the page; still ones have none',
    (site) => figure('breakdown', 'model=gpt2') + figure('checkpoint', 'model=gpt2', 'still') + script(site),
    async ({ page, host }) => {
      await page.evaluate(() => {
        globalThis.told = [];
        document.addEventListener('actmem-change', ({ target, detail }) => globalThis.told.push([target.getAttribute('view'), detail.query, detail.savedBytes]));
        document.addEventListener('actmem-error', ({ detail }) => globalThis.told.push([detail.where, detail.message]));
      });
      const [first, second] = [page.locator('activation-memory').first(), page.locator('activation-memory').nth(1)];
      await first.locator('.block').first().waitFor();
      const seq = first.locator('[data-field=seq] input[type=text]');
      await seq.fill('512');
      await page.waitForFunction(() => globalThis.told.some(([, query]) => query === 'model=gpt2&seq=512'));
      assert.equal(await first.evaluate((element) => element.query), 'model=gpt2&seq=512');
      assert.equal(await first.getByRole('link', { name: 'Open in actmem' }).getAttribute('href'), `${host.site}#model=gpt2&seq=512`);
      await seq.fill('9999999999');
      await first.locator('[data-field=seq] .fault').waitFor();
      await page.waitForFunction(() => globalThis.told.some(([where]) => where === 'seq'));
      assert.match(await first.locator('.widget-answer').innerText(), /512 tokens/);
      const bytes = await page.evaluate(() => globalThis.told.filter(([view]) => view === 'breakdown').map(([, , saved]) => saved));
      const { loadWhole } = await import('../../build/loader/actmem.js');
      const whole = await loadWhole(await readFile(join(root, 'build/whole.wasm')));
      assert.equal(bytes.at(-1), whole.evaluate('model=gpt2&seq=512').saved.bytes);
      await second.scrollIntoViewIfNeeded();
      await second.locator('.plans').waitFor();
      assert.equal(await second.locator('.widget-inputs').count(), 0);
      assert.ok(await second.locator('.plans input').first().isDisabled());
      /* The author's own script sets another configuration. */
      await first.evaluate((element) => (element.query = 'model=gpt2&seq=256'));
      await page.waitForFunction(() => /256 tokens/.test(document.querySelector('activation-memory').shadowRoot.querySelector('.widget-answer').textContent));
    },
  );

  embedded(
    'pointing at a tensor lights it in its own figure alone',
    (site) => figure('layer', 'model=gpt2') + figure('layer', 'model=llama-3-8b') + script(site),
    async ({ page }) => {
      const [first, second] = [page.locator('activation-memory').first(), page.locator('activation-memory').nth(1)];
      await first.locator('.mark').first().waitFor();
      await second.scrollIntoViewIfNeeded();
      await second.locator('.mark').first().waitFor();
      await first.locator('.mark').nth(2).hover();
      await first.locator('.mark[data-hot]').waitFor();
      assert.equal(await second.locator('[data-hot]').count(), 0);
      await first.locator('.mark').first().focus();
      await page.keyboard.press('ArrowDown');
      assert.equal(await first.evaluate(({ shadowRoot }) => [...shadowRoot.querySelectorAll('.mark')].indexOf(shadowRoot.activeElement)), 1);
    },
  );

  embedded(
    'on a page written from right to left, with fonts and sizes of its own, it is set as everywhere',
    (site) => figure('layer', 'model=llama-3-8b', 'still') + figure('breakdown', 'model=llama-3-8b', 'still') + script(site),
    async ({ page }) => {
      const element = page.locator('activation-memory').first();
      await element.locator('.station').first().waitFor();
      const { directions, wide } = await page.evaluate(() => {
        const roots = [...document.querySelectorAll('activation-memory')].map(({ shadowRoot }) => shadowRoot);
        const stations = [...roots[0].querySelectorAll('.station')].map((station) => [station.querySelector('text').textContent, station.querySelector('text').getBBox().width, station.querySelector('rect').getBBox().width]);
        return { directions: roots.map((root) => getComputedStyle(root.querySelector('.widget')).direction), wide: stations.filter(([text, inside, box]) => inside > box).map(([text]) => text) };
      });
      assert.deepEqual(directions, ['ltr', 'ltr']);
      assert.deepEqual(wide, []);
    },
    { attributes: 'dir="rtl"' },
  );

  embedded(
    'it is as dark as the page, whichever way the page says so, and follows it',
    (site) => figure('timeline') + figure('timeline', '', 'scheme="light"') + script(site),
    async ({ page }) => {
      const scheme = (i) => page.locator('activation-memory').nth(i).locator('.widget').getAttribute('data-scheme');
      await page.locator('activation-memory').nth(1).locator('.timeline-area').waitFor();
      assert.deepEqual([await scheme(0), await scheme(1)], ['dark', 'light']);
      await page.evaluate(() => (document.body.className = ''));
      await page.waitForFunction(() => document.querySelector('activation-memory').shadowRoot.querySelector('.widget').dataset.scheme === 'light');
    },
    { attributes: 'class="dark"' },
  );

  embedded(
    'ten on one page: one core for all',
    (site) => Array.from({ length: 10 }, (_, i) => figure(VIEWS.filter((view) => view !== 'frontier')[i % 6], `model=gpt2&seq=${64 * (i + 1)}`, 'still against="seq=32"')).join('') + script(site),
    async ({ page }) => {
      for (let i = 0; i < 10; i++) {
        const element = page.locator('activation-memory').nth(i);
        await element.scrollIntoViewIfNeeded();
        await element.locator('.widget-answer').waitFor();
        assert.match(await element.locator('.widget-answer').innerText(), new RegExp(`at ${64 * (i + 1)} tokens`));
      }
      assert.equal(await page.evaluate(() => globalThis.started), 1);
    },
    {
      init: () => {
        globalThis.started = 0;
        const real = WebAssembly.instantiate;
        WebAssembly.instantiate = (...given) => (globalThis.started++, real(...given));
      },
    },
  );

  embedded(
    'where a page forbids WebAssembly it says what the policy needs',
    (site) => figure('breakdown') + script(site),
    async ({ page }) => {
      const element = page.locator('activation-memory');
      await element.locator('.fault').waitFor();
      assert.match(await element.locator('.widget-wrong').innerText(), /script-src needs 'wasm-unsafe-eval'/);
      assert.ok(await element.getByText('what the author wrote').isVisible());
    },
    { policy: (site) => policyFor(site, ''), expected: /wasm|Content Security Policy|unsafe-eval/i },
  );

  embedded(
    'without JavaScript there is what the author wrote',
    (site) => figure('breakdown') + script(site),
    async ({ page }) => assert.ok(await page.getByText('what the author wrote').isVisible()),
    { context: { javaScriptEnabled: false } },
  );

  embedded(
    'in a frame it has the height that it asks for, and nobody else is heard',
    (site) => `<script src="${site}frame.js"></script><iframe title="Figure" width="600" height="200" src="${site}embed.html?view=timeline&inputs=seq#model=gpt2"></iframe><iframe title="Other" height="123" src="${site}index.html"></iframe>`,
    async ({ page, host }) => {
      const inner = page.frameLocator('iframe[title=Figure]');
      await inner.locator('.timeline-area').waitFor();
      const height = () => page.locator('iframe[title=Figure]').evaluate((frame) => Number(frame.height));
      await page.waitForFunction(() => Number(document.querySelector('iframe').height) > 250);
      const fits = async () => (await height()) - (await inner.locator('html').evaluate((html) => html.offsetHeight));
      const off = await until(fits, (px) => Math.abs(px) <= 1);
      assert.ok(Math.abs(off) <= 1, `${off} px`);
      const real = await inner.locator('html').evaluate((html) => html.offsetHeight);
      assert.equal(await inner.getByRole('link', { name: 'Open in actmem' }).getAttribute('href'), `${host.site}#model=gpt2`);
      /* From the page itself, from a frame that is no figure, and with a height that is none; what is said after each has been heard then. */
      await page.evaluate(() => {
        globalThis.heard = 0;
        addEventListener('message', ({ data }) => data === 'after' && globalThis.heard++);
        for (const said of [{ type: 'actmem:height', height: 77 }, 'after']) postMessage(said, '*');
      });
      for (const [file, height] of [['index.html', 77], ['embed.html', '77']])
        await page.frames().find((frame) => frame.url().includes(file)).evaluate((wrong) => [{ type: 'actmem:height', height: wrong }, 'after'].forEach((said) => parent.postMessage(said, '*')), height);
      await page.waitForFunction(() => globalThis.heard === 3);
      assert.deepEqual(await page.locator('iframe').evaluateAll((frames) => frames.map((frame) => frame.height)), [String(Math.ceil(real)), '123']);
    },
  );

  for (const [colour, attributes] of [
    ['light', ''],
    ['dark', 'class="dark"'],
  ]) {
    embedded(
      `axe finds nothing in any view, ${colour}`,
      (site) => VIEWS.map((view) => figure(view, 'model=llama-3-8b&checkpoint=full', 'against="checkpoint=none"')).join('') + script(site),
      async ({ page }) => {
        for (const view of VIEWS) {
          const element = page.locator(`activation-memory[view=${view}]`);
          await element.scrollIntoViewIfNeeded();
          await element.locator(SHOWN[view]).first().waitFor({ state: 'attached' });
        }
        await page.addScriptTag({ path: axeSource });
        const { violations } = await page.evaluate(() => globalThis.axe.run('activation-memory', { resultTypes: ['violations'] }));
        assert.deepEqual(violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.any.map((a) => a.message).join(' ')}`)).slice(0, 8), []);
      },
      { attributes, context: { bypassCSP: true, reducedMotion: 'reduce' } },
    );
  }
}
