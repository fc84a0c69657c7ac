/* Pictures of the pages at three widths in both schemes, to build/screenshots. `node screenshots.mjs [name=hash …]` takes others; a hash may
 * follow a file: zero=zero.html#dp=16. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, open, root, SCHEMES, serve, WIDTHS } from './harness.mjs';

const PAGES = {
  llama: '',
  'llama-full': 'model=llama-3-8b&seq=8192&checkpoint=full',
  gpt2: 'model=gpt2&batch=8&seq=1024',
  zero: 'zero.html#',
  accumulation: 'accumulation.html#',
  gpu: 'gpu.html#device=rtx-4090',
  learn: 'learn.html#',
  validation: 'validation.html#',
};
/* What a page beside the calculator has once it is there. */
const THERE = { learn: 'html[data-live]', validation: '.cases td' };
const given = process.argv.slice(2).map((argument) => [argument.slice(0, argument.indexOf('=')), argument.slice(argument.indexOf('=') + 1)]);
const pages = given.length > 0 ? given : Object.entries(PAGES);
const into = join(root, 'build/screenshots');
await mkdir(into, { recursive: true });

/* A page beside the calculator, once its figures are there. */
const openFile = async (context, file) => {
  const page = await context.newPage();
  await page.goto(server.address + file);
  await page.waitForSelector(THERE[/^\w+/.exec(file)[0]] ?? 'td data', { timeout: 20_000, state: 'attached' });
  return page;
};

const server = await serve();
const browser = await launch();
try {
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 900 }, colorScheme, deviceScaleFactor: 1 });
      for (const [name, hash] of pages) {
        const page = /^\w+\.html/.test(hash) ? await openFile(context, hash) : await open(context, server.address, hash);
        await page.waitForTimeout(100);
        const tabs = await page.locator('[role=tab]').count();
        for (let i = 0; i < Math.max(1, tabs); i++) {
          if (tabs > 0) await page.locator('[role=tab]').nth(i).click();
          // Parts that load when they come near are come near to, and then searched for.
          await page.evaluate(async () => {
            for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
              scrollTo(0, y);
              await new Promise((done) => setTimeout(done, 150));
            }
            scrollTo(0, 0);
          });
          await page.waitForTimeout(500);
          const suffix = tabs > 0 ? `-${i + 1}` : '';
          await page.screenshot({ path: join(into, `${name}-${width}-${colorScheme}${suffix}.png`), fullPage: true });
        }
        await page.close();
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  server.close();
}
console.log(`screenshots in ${into}`);
