/* `make single`: one file that opens from a disk, with everything in it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mapped, root } from './harness.mjs';

const file = join(root, 'build/actmem.html');

export function singleTests(test) {
  test('one file, opened from a disk, has the calculator, what it loads late, its threads and the other pages', async ({ browser }) => {
    assert.ok(existsSync(file), `${file}: make single`);
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const faults = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && faults.push(message.text()));
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => /^(data|blob|file):/.test(request.url()) || faults.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector('.answer-sentence');
    assert.match(await page.locator('.answer-sentence .figure').first().getAttribute('data-exact'), /14,281,106,188/);
    /* whole.wasm, and threads of their own. */
    await page.locator('.checkpointing-chart').scrollIntoViewIfNeeded();
    await page.locator('.knot').first().waitFor({ state: 'attached' });
    await page.locator('#view-fit').scrollIntoViewIfNeeded();
    await mapped(page);
    await page.locator('#view-formulas').scrollIntoViewIfNeeded();
    await page.waitForSelector('.strip .dot');
    await page.locator('[data-field="seq"] input[type=text]').fill('4096');
    await page.waitForFunction(() => location.hash === '#model=llama-3-8b&seq=4096');
    await page.getByRole('link', { name: 'Validation' }).click();
    await page.waitForSelector('.cases tbody tr');
    await page.getByRole('link', { name: /^LLaMA 7B/ }).click();
    await page.waitForFunction(() => /^LLaMA 7B at 512 tokens/.test(document.querySelector('.answer-sentence')?.textContent ?? ''));
    await page.getByRole('link', { name: 'actmem', exact: true }).click();
    await page.waitForFunction(() => /^Llama 3 8B at 2,048/.test(document.querySelector('.answer-sentence')?.textContent ?? ''));
    await page.getByRole('link', { name: 'Learn' }).click();
    await page.waitForSelector('html[data-live]');
    assert.match(await page.title(), /explained with live numbers/);
    await page.getByRole('link', { name: 'Calculator', exact: true }).click();
    await page.waitForSelector('.answer-sentence');
    for (const [name, title] of [['Memory per GPU', /ZeRO and FSDP/], ['Gradient accumulation', /Gradient accumulation/], ['What can this GPU train?', /What can this GPU train\?/]]) {
      await page.getByRole('navigation', { name: 'Related answers' }).getByRole('link', { name }).click();
      await page.locator('main.related h1', { hasText: title }).waitFor();
      await page.locator('.related-answer', { hasText: / takes | trains models up to / }).waitFor();
      await page.getByRole('link', { name: 'This configuration in the calculator' }).click();
      await page.waitForSelector('.answer-sentence');
    }
    assert.deepEqual(faults, []);
    const policy = await page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content');
    assert.ok(!/unsafe-inline|'unsafe-eval'|https?:|'self'/.test(policy), policy);
    await context.close();
  });
}
