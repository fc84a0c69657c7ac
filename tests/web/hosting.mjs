/* The site with the headers that docs/hosting.md asks for, as a host that reads _headers sets them. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open, root, serve } from './harness.mjs';

/** What the file's rules say of a path; a header said twice has both values. */
async function rulesOf(file) {
  const rules = [];
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    if (/^\//.test(line)) rules.push({ path: line.trim(), headers: [] });
    else if (line.trim() !== '') rules.at(-1).headers.push(/^\s+([\w-]+): (.*)$/.exec(line).slice(1));
  }
  return (path) => {
    const found = {};
    for (const rule of rules) {
      const at = `/${path === '.' ? '' : path}`;
      if (rule.path.endsWith('*') ? !at.startsWith(rule.path.slice(0, -1)) : at !== rule.path) continue;
      for (const [name, value] of rule.headers) (found[name.toLowerCase()] ??= []).push(value);
    }
    return found;
  };
}

export function hostingTests(test) {
  test('with its headers the site works, is stored, and is framed by others where it is made for it alone', async ({ browser }) => {
    const server = await serve('/', { headers: await rulesOf(join(root, 'web/dist/_headers')) });
    const guest = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(`<!doctype html><link rel="icon" href="data:,"><iframe name="figure" src="${server.address}embed.html?view=frontier#model=gpt2"></iframe><iframe name="page" src="${server.address}"></iframe><activation-memory view="frontier" query="model=gpt2"></activation-memory><script src="${server.address}widget.js"></script>`);
    });
    await new Promise((resolve) => guest.listen(0, '127.0.0.1', resolve));
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
    try {
      const page = await open(context, server.address);
      const faults = [];
      page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
      await page.locator('.checkpointing-chart').scrollIntoViewIfNeeded();
      await page.locator('.knot').first().waitFor({ state: 'attached' });
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
      assert.deepEqual(faults, []);
      for (const name of ['', 'learn.html', 'validation.html', 'zero.html', 'accumulation.html', 'gpu.html']) {
        const answer = await page.request.get(server.address + name);
        assert.match(answer.headers()['content-security-policy'], /^default-src 'none'.*, frame-ancestors 'none'$/, name);
      }
      const other = await context.newPage();
      await other.goto(`http://127.0.0.1:${guest.address().port}/`);
      await other.frameLocator('iframe[name=figure]').locator('.knot').first().waitFor({ state: 'attached' });
      await other.locator('activation-memory').locator('.knot').first().waitFor({ state: 'attached' });
      assert.equal(await other.frameLocator('iframe[name=page]').locator('.answer-sentence').count(), 0);
    } finally {
      await context.close();
      server.close();
      guest.close();
    }
  });
}
