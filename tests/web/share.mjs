/* What the page gives to other documents. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { axeSource, becomes, open, root, SCHEMES, until, WIDTHS } from './harness.mjs';

const run = promisify(execFile);
const QUERY = 'model=llama-3-8b&seq=8192&checkpoint=full';

const dialog = async (context, address, kind, hash = QUERY) => {
  const page = await open(context, address, hash);
  await page.getByRole('button', { name: 'Share' }).click();
  const box = page.getByRole('dialog', { name: 'Share' });
  await box.waitFor();
  await box.getByRole('radio', { name: kind, exact: true }).check();
  return { page, box, text: box.locator('textarea') };
};

export function shareTests(test) {
  test('a link has only what differs from the preset and the defaults', async ({ context, address }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const { page, box, text } = await dialog(context, address, 'Link', 'model=llama-3-8b&layers=32&seq=8192&batch=1&attention=sdpa&checkpoint=full&units=GiB');
    assert.equal(await text.inputValue(), `${address}#${QUERY}`);
    await box.getByRole('button', { name: 'Copy' }).click();
    await box.getByText('Copied.').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${address}#${QUERY}`);
    await page.keyboard.press('Escape');
    await box.waitFor({ state: 'detached' });
  });

  test('text, Markdown and LaTeX say the same figures', async ({ context, address }) => {
    const { box, text } = await dialog(context, address, 'Text');
    for (const [kind, like] of [
      ['Text', /^Llama 3 8B at 8,192 tokens, checkpointed by full, keeps 6\.17 GiB[\s\S]*Kept +6\.17 GiB +6,62\d,\d{3},\d{3} bytes/],
      ['Markdown', /\| \*\*Kept\*\* \| 6\.17 GiB \| 6,62\d,\d{3},\d{3} \|/],
      ['LaTeX', /Kept & 6\.17~GiB & 6,62\d,\d{3},\d{3} \\\\/],
    ]) {
      await box.getByRole('radio', { name: kind, exact: true }).check();
      assert.match(await until(() => text.inputValue(), (value) => like.test(value)), like);
    }
  });

  test('CSV has every tensor kept, and bytes times count of its lines are the total', async ({ context, address }) => {
    const { page, box, text } = await dialog(context, address, 'CSV');
    const csv = await text.inputValue();
    /* A cell is quoted where it has a comma; what is read of a line stands before the first such. */
    const [head, ...lines] = csv.trim().split(/\r?\n/).map((line) => line.split(','));
    assert.deepEqual(head.slice(0, 9), ['scope', 'module', 'operation', 'tensor', 'component', 'shape', 'dtype', 'bytes', 'count']);
    const cells = lines.map((line) => line.join(',').match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g).map((cell) => cell.replace(/,$/, '')));
    const { stdout } = await run(join(root, 'build/actmem'), ['--json', ...QUERY.split('&')], { maxBuffer: 1 << 26 });
    const report = JSON.parse(stdout);
    assert.equal(cells.length, report.rows.length);
    assert.equal(cells.reduce((sum, line) => sum + Number(line[7]) * Number(line[8]), 0), report.saved.bytes);
    const [download] = await Promise.all([page.waitForEvent('download'), box.getByRole('button', { name: 'Save as actmem.csv' }).click()]);
    assert.equal((await readFile(await download.path(), 'utf8')).replaceAll('\r', '').trim(), csv.replaceAll('\r', '').trim());
  });

  test('JSON is what the command line prints, and is saved as a file', async ({ context, address }) => {
    const { page, box, text } = await dialog(context, address, 'JSON');
    await text.waitFor();
    const { stdout } = await run(join(root, 'build/actmem'), ['--json', ...QUERY.split('&')], { maxBuffer: 1 << 26 });
    assert.equal((await text.inputValue()).trim(), stdout.trim());
    const [download] = await Promise.all([page.waitForEvent('download'), box.getByRole('button', { name: 'Save as actmem.json' }).click()]);
    assert.equal(download.suggestedFilename(), 'actmem.json');
    assert.equal((await readFile(await download.path(), 'utf8')).trim(), stdout.trim());
  });

  test('the embed builder shows the figure and gives what puts it elsewhere', async ({ context, address }) => {
    const { box, text } = await dialog(context, address, 'Embed');
    await box.locator('activation-memory .block').first().waitFor();
    assert.match(await text.inputValue(), /^<script async src="http:[^"]*\/widget\.js"><\/script>\n<activation-memory view="breakdown" query="model=llama-3-8b&amp;seq=8192&amp;checkpoint=full">\n {2}<p>Llama 3 8B at/);
    await box.locator('.embed-choices select').first().selectOption('timeline');
    await box.getByLabel('still, without inputs').check();
    await box.locator('activation-memory .timeline-area').waitFor();
    assert.equal(await box.locator('activation-memory .widget-inputs').count(), 0);
    await box.getByRole('radio', { name: 'frame' }).check();
    await becomes(() => box.evaluate((dialog) => dialog.querySelector('textarea').value.includes(` height="${dialog.querySelector('activation-memory').offsetHeight}"`)), true);
    const height = await box.locator('activation-memory').evaluate((figure) => figure.offsetHeight);
    assert.match(await text.inputValue(), new RegExp(`^<iframe title="Llama 3 8B [^"]*" src="http:[^"]*/embed\\.html\\?view=timeline&amp;still#model=llama-3-8b&amp;seq=8192&amp;checkpoint=full" width="100%" height="${height}" loading="lazy"></iframe>`));
  });

  test('on paper it is light, has every view that shows something, and nothing to press', async ({ browser, address, watch }) => {
    const context = await browser.newContext({ viewport: { width: 718, height: 1000 }, colorScheme: 'dark', serviceWorkers: 'block' });
    watch(context);
    const page = await open(context, address, QUERY);
    await page.locator('.fit-change').first().waitFor();
    await page.emulateMedia({ media: 'print' });
    await becomes(() => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor), 'rgb(251, 250, 247)');
    const empty = ['view-compare', 'view-gpu']; // nothing is pinned, nothing measured
    for (const section of await page.locator('.view').all()) await section.waitFor({ state: empty.includes(await section.getAttribute('id')) ? 'hidden' : 'visible' });
    await becomes(() => page.locator('button').evaluateAll((all) => all.filter((button) => button.checkVisibility()).map((button) => button.className)), []);
    await becomes(() => page.evaluate(() => document.documentElement.scrollWidth <= 718), true);
    const cut = () => page.locator('.scroll').evaluateAll((all) => all.filter((e) => e.checkVisibility() && (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1) && getComputedStyle(e).overflow !== 'visible').map((e) => e.ariaLabel));
    await becomes(cut, []);
    /* What a button stood before has its room. */
    assert.ok((await page.locator('.fit-change').first().boundingBox()).width > 200);
    assert.ok((await page.pdf({ format: 'A4' })).length > 50_000);
    await context.close();
  });

  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      test(`axe finds nothing in the share dialog at ${width} px, ${colorScheme}`, async ({ browser, address, watch }) => {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true, reducedMotion: 'reduce', serviceWorkers: 'block' });
        watch(context);
        const { page, box } = await dialog(context, address, 'Text');
        await page.addScriptTag({ path: axeSource });
        for (const kind of ['Text', 'Embed']) {
          await box.getByRole('radio', { name: kind, exact: true }).check();
          if (kind === 'Embed') await box.locator('activation-memory .block').first().waitFor();
          await becomes(() => page.evaluate((most) => document.documentElement.scrollWidth <= most, width), true);
          const { violations } = await page.evaluate(() => globalThis.axe.run('dialog', { resultTypes: ['violations'] }));
          assert.deepEqual(violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.any.map((a) => a.message).join(' ')}`)).slice(0, 8), [], kind);
        }
        await context.close();
      });
    }
  }
}
