/* The npm package as others have it: packed, installed in an empty project, run by Node.js, checked by TypeScript, bundled for a page. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { launch, root, serve } from '../web/harness.mjs';

const run = promisify(execFile);
const bin = (name) => join(root, 'web/node_modules/.bin', name);
let project;

before(async () => {
  project = await mkdtemp(join(tmpdir(), 'actmem-package-'));
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  await run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--offline', join(root, 'build/actmem.tgz')], { cwd: project });
});

after(() => rm(project, { recursive: true, force: true }));

test('it depends on nothing and has the version of the core', async () => {
  const installed = JSON.parse(await readFile(join(project, 'node_modules/actmem/package.json'), 'utf8'));
  const tables = JSON.parse(await readFile(join(root, 'build/tables.json'), 'utf8'));
  assert.equal(installed.version, tables.actmem);
  for (const file of ['web/package.json', 'web/package-lock.json']) assert.equal(JSON.parse(await readFile(join(root, file), 'utf8')).version, tables.actmem, file);
  assert.deepEqual(Object.keys(installed.dependencies ?? {}), []);
  const lock = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8'));
  assert.deepEqual(Object.keys(lock.packages), ['', 'node_modules/actmem']);
});

test('evaluate answers in Node.js as the command line does', async () => {
  const texts = ['model=llama-3-8b&seq=8192', 'model=mixtral-8x7b&checkpoint=full', ''];
  await writeFile(join(project, 'ask.mjs'), `import { evaluate, load } from 'actmem';\nconst all = [];\nfor (const text of ${JSON.stringify(texts)}) all.push(await evaluate(text));\nconst core = await load();\nconsole.log(JSON.stringify([all, core.import('{"model_type":"llama","num_hidden_layers":2}').query]));`);
  const { stdout } = await run('node', ['ask.mjs'], { cwd: project, maxBuffer: 1 << 26 });
  const [reports, imported] = JSON.parse(stdout);
  assert.match(imported, /layers=2/);
  for (const [i, text] of texts.entries()) {
    const native = await run(join(root, 'build/actmem'), ['--json', ...(text === '' ? [] : text.split('&'))], { maxBuffer: 1 << 26 });
    assert.deepEqual(reports[i], JSON.parse(native.stdout), text);
  }
});

test('bad input rejects with the input at fault', async () => {
  await writeFile(join(project, 'bad.mjs'), `import { ActmemError, evaluate } from 'actmem';\nconst error = await evaluate('seq=0').catch((e) => e);\nconsole.log(error instanceof ActmemError, error.field, error.code);`);
  const { stdout } = await run('node', ['bad.mjs'], { cwd: project });
  assert.match(stdout, /^true seq \w+/);
});

test('importing the element where there is no document does nothing', async () => {
  const { stdout } = await run('node', ['--input-type=module', '-e', "await import('actmem/element'); console.log('fine')"], { cwd: project });
  assert.equal(stdout.trim(), 'fine');
});

for (const resolution of ['nodenext', 'bundler']) {
  test(`its types hold, strictly, with module resolution ${resolution}`, async () => {
    const good = `import { evaluate, type Report } from 'actmem';\nimport 'actmem/element';\nconst report: Report = await evaluate('seq=64');\nexport const bytes: number = report.saved.bytes;\nconst figure = document.createElement('activation-memory');\nfigure.query = report.query;\nfigure.addEventListener('actmem-change', ({ detail }) => detail.savedBytes.toFixed());\n`;
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom', '--module', resolution === 'bundler' ? 'esnext' : 'nodenext', '--moduleResolution', resolution];
    await writeFile(join(project, 'good.ts'), good);
    await run(bin('tsc'), [...options, 'good.ts'], { cwd: project });
    await writeFile(join(project, 'bad.ts'), good.replace('report.saved.bytes', 'report.saved.formula'));
    await assert.rejects(run(bin('tsc'), [...options, 'bad.ts'], { cwd: project }), /./);
  });
}

test('a bundler takes both, and the page that it makes works', async () => {
  await writeFile(
    join(project, 'index.html'),
    '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><p id="bytes"></p><activation-memory view="breakdown" query="model=mixtral-8x7b&seq=1024" page="https://example.org/actmem/">words</activation-memory><activation-memory view="frontier" query="model=gpt2">words</activation-memory><script type="module" src="/page.js"></script>',
  );
  await writeFile(join(project, 'page.js'), "import { evaluate } from 'actmem';\nimport 'actmem/element';\ndocument.querySelector('#bytes').textContent = String((await evaluate('model=gpt2')).saved.bytes);");
  await run(bin('vite'), ['build', '--base', './', '--logLevel', 'warn'], { cwd: project });
  const server = await serve('/page/', { dist: join(project, 'dist') });
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const faults = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(server.address);
    await page.waitForFunction(() => /^\d+$/.test(document.querySelector('#bytes').textContent));
    const figure = page.locator('activation-memory').first();
    await figure.locator('.block').first().waitFor();
    assert.match(await figure.locator('.widget-answer').innerText(), /^Mixtral/);
    assert.equal(await figure.getByRole('link', { name: 'Open in actmem' }).getAttribute('href'), 'https://example.org/actmem/#model=mixtral-8x7b&seq=1024');
    const second = page.locator('activation-memory').nth(1);
    await second.scrollIntoViewIfNeeded();
    await second.locator('.knot').first().waitFor({ state: 'attached' });
    assert.equal(await second.getByRole('link', { name: 'Open in actmem' }).count(), 0);
    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
    server.close();
  }
});
