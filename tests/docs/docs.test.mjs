/* The element in what documentation is really built by: each tool builds a small site, which is then opened. A tool that cannot be installed is passed over
 * by its name. `make test-docs`; it installs from PyPI and npm into build/docs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { launch, root, serve } from '../web/harness.mjs';

const run = promisify(execFile);
const work = join(root, 'build/docs');
const python = join(work, 'python/bin');
const limits = { timeout: 300_000, maxBuffer: 1 << 24 };

const installs = {
  python: async () => {
    await run('python3', ['-m', 'venv', join(work, 'python')], limits);
    await run(join(python, 'pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', join(root, 'tests/docs/requirements.txt')], limits);
  },
  ...Object.fromEntries(
    ['vitepress', 'docusaurus'].map((name) => [name, () => run('npm', ['install', '--silent', '--no-audit', '--no-fund'], { ...limits, cwd: join(work, name) })]),
  ),
};

/* Copies a tool's sources to build/docs, with the address of the site in them. */
async function prepare(name, site) {
  const folder = join(work, name);
  await cp(join(root, 'tests/docs', name), folder, { recursive: true });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.parentPath.includes('node_modules')) continue;
    const file = join(entry.parentPath, entry.name);
    const text = await readFile(file, 'utf8');
    if (text.includes('@SITE@')) await writeFile(file, text.replaceAll('@SITE@', site));
  }
  return folder;
}

const TOOLS = [
  { name: 'mkdocs', title: 'MkDocs with Material', needs: 'python', scheme: 'dark', build: (cwd) => run(join(python, 'mkdocs'), ['build', '--quiet', '--site-dir', 'out'], { ...limits, cwd }) },
  { name: 'sphinx', title: 'Sphinx', needs: 'python', scheme: 'light', build: (cwd) => run(join(python, 'sphinx-build'), ['-q', '-b', 'html', '.', 'out'], { ...limits, cwd }) },
  { name: 'vitepress', title: 'VitePress', needs: 'vitepress', scheme: 'light', build: (cwd) => run(join(cwd, 'node_modules/.bin/vitepress'), ['build', '--outDir', 'out'], { ...limits, cwd }) },
  { name: 'docusaurus', title: 'Docusaurus', needs: 'docusaurus', scheme: 'light', build: (cwd) => run(join(cwd, 'node_modules/.bin/docusaurus'), ['build', '--out-dir', 'out'], { ...limits, cwd }) },
  {
    name: 'notebook',
    title: "a notebook's HTML, by nbconvert",
    needs: 'python',
    scheme: 'light',
    build: (cwd) => run(join(python, 'jupyter-nbconvert'), ['--to', 'html', '--output-dir', 'out', '--output', 'index.html', 'memory.ipynb'], { ...limits, cwd }),
  },
];

let site;
let browser;
const failures = new Map();

before(async () => {
  await mkdir(work, { recursive: true });
  site = await serve('/actmem/');
  browser = await launch();
  for (const { name } of TOOLS) {
    await rm(join(work, name, 'out'), { recursive: true, force: true });
    await prepare(name, site.address);
  }
  await Promise.all(Object.entries(installs).map(([name, install]) => install().catch((error) => failures.set(name, String(error.stderr || error.message).trim().split('\n').at(-1)))));
});

after(async () => {
  await browser.close();
  site.close();
});

for (const { name, title, needs, scheme, build } of TOOLS) {
  test(title, async (t) => {
    if (failures.has(needs)) {
      t.skip(`${needs} could not be installed: ${failures.get(needs)}`);
      return;
    }
    await build(join(work, name));
    const guest = await serve('/docs/', { dist: join(work, name, 'out') });
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, serviceWorkers: 'block' });
    const page = await context.newPage();
    const faults = [];
    page.on('pageerror', (error) => faults.push(error.message));
    /* Of what a tool's own theme asks for from elsewhere nothing is said here. */
    page.on('response', (response) => response.url().startsWith(site.address) && response.status() >= 400 && faults.push(response.url()));
    await page.goto(guest.address);
    const [first, second] = [page.locator('activation-memory').first(), page.locator('activation-memory').nth(1)];
    await first.locator('.block').first().waitFor();
    assert.match(await first.locator('.widget-answer').innerText(), /^Llama 3 8B at 4,096 tokens keeps 26\.6\sGiB/);
    assert.equal(await first.locator('slot').count(), 0);
    assert.equal(await first.locator('.widget').getAttribute('data-scheme'), scheme);
    await second.scrollIntoViewIfNeeded();
    await second.locator('.timeline-area').waitFor();
    /* Changed in place, on a page that has scripts of its own. */
    await first.locator('[data-field=seq] input[type=text]').fill('2048');
    await page.waitForFunction(() => /2,048 tokens/.test(document.querySelector('activation-memory').shadowRoot.querySelector('.widget-answer').textContent));
    /* As wide as its column, not wider. */
    for (const width of [1200, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(200);
      const over = await first.evaluate((element) => element.getBoundingClientRect().right - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${over} px too wide at ${width} px`);
    }
    await page.screenshot({ path: join(work, `${name}.png`) });
    assert.deepEqual(faults, []);
    await context.close();
    /* Without JavaScript: what the author wrote. */
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const still = await plain.newPage();
    await still.goto(guest.address);
    assert.match(await still.locator('activation-memory').first().innerText(), /Llama 3 8B keeps 26\.6 GiB at 4,096 tokens/);
    await plain.close();
    guest.close();
  });
}
