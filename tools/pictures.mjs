/* Draws the pictures that the site is announced by: icons from web/public/icons/icon.svg, the card that a link to it shows, with a real figure, and
 * the page as the README shows it.
 * `make web/dist/index.html && node tools/pictures.mjs` after a change of what they show. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, open, root, SCHEMES, serve } from '../tests/web/harness.mjs';

const folder = join(root, 'web/public');
const icon = await readFile(join(folder, 'icons/icon.svg'), 'utf8');
/* A maskable icon has no corners, and its middle four fifths are sure to be seen. */
const maskable = icon.replace(' rx="96"', '').replace('<g ', '<g transform="translate(51.2 51.2) scale(.8)" ');

const CARD = `body { margin: 0; width: 1200px; height: 630px; display: grid; grid-template-columns: 500px 1fr; gap: 40px; padding: 44px 48px; box-sizing: border-box; align-items: center; background: #fbfaf7; color: #1b1d20; font: 24px/1.4 system-ui, 'Noto Sans', sans-serif; }
  .wordmark { font-weight: 700; font-size: 44px; letter-spacing: -0.02em; margin: 0; color: #00687a; } h1 { font-size: 42px; line-height: 1.15; letter-spacing: -0.02em; margin: 24px 0; } p { color: #565b62; margin: 0; } activation-memory { margin: 0; }`;

const browser = await launch();
const server = await serve();
try {
  const page = await browser.newPage();
  for (const [name, size, svg] of [
    ['any-192', 192, icon],
    ['any-512', 512, icon],
    ['maskable-512', 512, maskable],
  ]) {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>${svg}`);
    await page.screenshot({ path: join(folder, `icons/${name}.png`), omitBackground: true });
  }
  const card = await browser.newPage({ viewport: { width: 1200, height: 630 }, colorScheme: 'light' });
  await card.setContent(
    `<style>${CARD}</style><main><p class="wordmark">actmem</p><h1>What a transformer’s training step keeps in memory, to the byte</h1><p>Which tensors PyTorch keeps for backward, why, and what checkpointing costs and saves.</p></main>` +
      `<activation-memory view="breakdown" still query="model=llama-3-8b&seq=8192"></activation-memory><script src="${server.address}widget.js"></script>`,
  );
  await card.locator('activation-memory .block').first().waitFor();
  await writeFile(join(folder, 'card.png'), await card.screenshot());
  for (const scheme of SCHEMES) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1280 }, colorScheme: scheme });
    const calculator = await open(context, server.address, 'model=llama-3-8b&seq=8192');
    await calculator.locator('.fit-changes li').first().waitFor();
    await calculator.screenshot({ path: join(root, `docs/page-${scheme}.png`) });
    await context.close();
  }
} finally {
  await browser.close();
  server.close();
}
