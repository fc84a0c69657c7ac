/* The site without a network: stored in full after the first visit, of one version, whatever goes wrong with the store. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mapped, open, serve } from './harness.mjs';

const kept = (page) => page.locator('.answer-sentence .figure').first().getAttribute('data-exact');
const controlled = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
/** The first script that the page loads. */
const scriptOf = (page) => page.locator('script[type=module]').getAttribute('src').then((src) => src.replace('./', ''));

/** web/dist as the next version: another title, and a service worker that says so. */
async function nextVersion(dist) {
  const next = join(await mkdtemp(join(tmpdir(), 'actmem-')), 'dist');
  await cp(dist, next, { recursive: true });
  const before = await readFile(join(dist, 'index.html'), 'utf8');
  const html = before.replace('<html lang="en">', '<html lang="en" data-version="next">');
  assert.notEqual(html, before);
  const hash = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`;
  const worker = await readFile(join(dist, 'sw.js'), 'utf8');
  const entry = worker.match(/\{[^{}]*"url":"index\.html"[^{}]*\}/)[0];
  const changed = JSON.stringify({ ...JSON.parse(entry), revision: 'next', integrity: hash(html) });
  await writeFile(join(next, 'index.html'), html);
  await writeFile(join(next, 'sw.js'), worker.replace(entry, changed));
  return next;
}

export function offlineTests(test) {
  /** A test with a browser profile and a host of its own, both its to break. */
  const storing = (name, run) =>
    test(name, async ({ browser, watch }) => {
      const host = {};
      const server = await serve('/below/', host);
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      watch(context, server.address);
      try {
        await run({ context, host, address: server.address });
      } finally {
        await context.close();
        server.close();
      }
    });

  storing('nothing of the copy for offline use is asked for before the first answer', async ({ context, host, address }) => {
    /* By the page's own clock: how late the test looks tells nothing. */
    await context.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (document.querySelector('.answer-sentence') === null) return;
        performance.mark('answer');
        observer.disconnect();
      }).observe(document, { childList: true, subtree: true });
    });
    const page = await open(context, address);
    await controlled(page);
    assert.ok(host.asked.includes('sw.js'));
    const [answered, late] = await page.evaluate(() => [
      performance.getEntriesByName('answer')[0].startTime,
      performance.getEntriesByType('resource').flatMap(({ name, startTime }) => (/\/assets\/(keep|validation|embed)-/.test(name) ? [{ name, startTime }] : [])),
    ]);
    assert.ok(late.some(({ name }) => /keep-[^/]*\.js$/.test(name)));
    assert.deepEqual(late.filter(({ startTime }) => startTime <= answered), []);
  });

  storing('after one visit the whole site works without a network', async ({ context, host, address }) => {
    const page = await open(context, address);
    await controlled(page);
    host.down = true;
    page.expected = /ERR_|Failed to load|fetch/i;
    await page.reload();
    await page.waitForSelector('.answer-sentence');
    assert.match(await kept(page), /14,281,106,188/);
    /* What is loaded late, with whole.wasm and on threads. */
    await page.locator('#view-formulas').scrollIntoViewIfNeeded();
    await page.waitForSelector('.strip .dot');
    await page.locator('#view-fit').scrollIntoViewIfNeeded();
    await mapped(page);
    await page.getByRole('link', { name: 'Validation' }).click();
    await page.waitForSelector('.cases tbody tr');
    await page.goto(`${address}embed.html?view=timeline#model=gpt2`);
    await page.locator('.timeline-area').waitFor();
    const manifest = await page.goto(`${address}manifest.webmanifest`);
    assert.equal(manifest.status(), 200);
  });

  storing('what a first visit has not yet loaded is there without a network, without a reload', async ({ context, host, address }) => {
    const page = await open(context, address);
    await controlled(page);
    host.down = true;
    page.expected = /ERR_|Failed to load|fetch/i;
    /* A model that whole.wasm alone knows. */
    await page.evaluate(() => (location.hash = 'model=mixtral-8x7b&seq=1024'));
    await page.waitForFunction(() => /^Mixtral/.test(document.querySelector('.answer-sentence').textContent));
  });

  storing('a new version waits, asks, and then takes over in every tab; until then all is of the old one', async ({ context, host, address }) => {
    const first = await open(context, address);
    await controlled(first);
    const second = await open(context, address, 'model=gpt2');
    const old = host.dist;
    host.dist = await nextVersion(old);
    host.asked.length = 0;
    await first.reload();
    await first.waitForSelector('.answer-sentence');
    assert.equal(await first.locator('html').getAttribute('data-version'), null);
    const ask = first.locator('.notice');
    await ask.waitFor();
    assert.match(await ask.innerText(), /new version/);
    /* Nothing of the page itself came from the network: the worker alone looked for the new one. */
    await first.locator('#view-formulas').scrollIntoViewIfNeeded();
    await first.waitForSelector('.strip .dot');
    assert.deepEqual(host.asked.filter((path) => !/^(sw\.js|\.|index\.html)$/.test(path)), []);
    await ask.getByRole('button', { name: 'Reload' }).click();
    for (const page of [first, second]) {
      await page.waitForFunction(() => document.documentElement.dataset.version === 'next');
      await page.waitForSelector('.answer-sentence');
    }
    assert.match(await second.locator('.answer-sentence').innerText(), /^GPT-2/);
    await second.locator('.notice').waitFor({ state: 'detached' });
  });

  storing('a new version that is put off asks again on the next visit', async ({ context, host, address }) => {
    const page = await open(context, address);
    await controlled(page);
    host.dist = await nextVersion(host.dist);
    await page.reload();
    await page.locator('.notice').getByRole('button', { name: 'Later' }).click();
    await page.locator('.notice').waitFor({ state: 'detached' });
    await page.reload();
    await page.locator('.notice').waitFor();
    assert.equal(await page.locator('html').getAttribute('data-version'), null);
  });

  storing('where there is no room for a copy the page works and says so', async ({ context, address }) => {
    const page = await context.newPage();
    page.expected = /quota|storage|service worker|ERR_/i;
    const session = await context.newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(address).origin, quotaSize: 200_000 });
    await page.goto(address);
    await page.waitForSelector('.answer-sentence');
    const said = page.locator('.notice');
    await said.waitFor();
    assert.match(await said.innerText(), /No copy for offline use could be stored/);
    await page.locator('#view-formulas').scrollIntoViewIfNeeded();
    await page.waitForSelector('.strip .dot');
    assert.equal(await page.evaluate(() => navigator.serviceWorker.controller), null);
  });

  storing('what has gone bad in the store comes from the network, and is whole again without one', async ({ context, host, address }) => {
    const page = await open(context, address);
    await controlled(page);
    const script = await scriptOf(page);
    const spoilt = await page.evaluate(async () => {
      const names = await caches.keys();
      const store = await caches.open(names.find((name) => name.includes('precache')));
      const entries = (await store.keys()).filter(({ url }) => /index\.html|assets\/(index-.*\.js|core-.*\.wasm|tables-.*\.json)/.test(url));
      for (const entry of entries) await store.put(entry, new Response('spoilt', { headers: { 'content-type': 'text/html' } }));
      return entries.length;
    });
    assert.equal(spoilt, 4);
    host.asked.length = 0;
    await page.reload();
    await page.waitForSelector('.answer-sentence');
    assert.match(await kept(page), /14,281,106,188/);
    assert.ok(host.asked.includes(script), host.asked.join());
    host.down = true;
    page.expected = /ERR_|Failed to load|fetch/i;
    await page.reload();
    await page.waitForSelector('.answer-sentence');
    assert.match(await kept(page), /14,281,106,188/);
  });

  storing('a site of which one file is of another version is not stored', async ({ context, host, address }) => {
    host.instead = (path) => (/^assets\/whole-/.test(path) ? 'of another version' : undefined);
    const page = await context.newPage();
    page.expected = /integrity|ERR_|service worker|digest/i;
    await page.goto(address);
    await page.locator('.notice').waitFor();
    assert.equal(await page.evaluate(() => navigator.serviceWorker.controller), null);
    assert.match(await kept(page), /14,281,106,188/);
  });
}
