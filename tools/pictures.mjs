/* Draws the pictures that the site is announced by: icons from web/public/icons/icon.svg, and the card that a link to it shows, which is the page itself.
 * `make web/dist/index.html && node tools/pictures.mjs` after a change of the first screen. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, open, root, serve } from '../tests/web/harness.mjs';

const folder = join(root, 'web/public');
const icon = await readFile(join(folder, 'icons/icon.svg'), 'utf8');
/* A maskable icon has no corners, and its middle four fifths are sure to be seen. */
const maskable = icon.replace(' rx="96"', '').replace('<g ', '<g transform="translate(51.2 51.2) scale(.8)" ');

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
  const context = await browser.newContext({ viewport: { width: 1200, height: 630 }, colorScheme: 'light', serviceWorkers: 'block' });
  const card = await open(context, server.address, 'model=llama-3-8b&seq=8192');
  await card.waitForTimeout(500);
  await writeFile(join(folder, 'card.png'), await card.screenshot());
} finally {
  await browser.close();
  server.close();
}
