/* The page in Debian's Chromium: numbers, address, errors, keyboard, accessibility, and that it speaks to nobody. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { attempts, axeSource, becomes, launch, mapped, open, pointed, root, says, SCHEMES, serve, still, until, WIDTHS } from './harness.mjs';
import { hostingTests } from './hosting.mjs';
import { offlineTests } from './offline.mjs';
import { shareTests } from './share.mjs';
import { singleTests } from './single.mjs';
import { widgetTests } from './widget.mjs';

const tests = [];
const test = (name, run) => tests.push({ name, run });
for (const others of [widgetTests, offlineTests, singleTests, shareTests, hostingTests]) others(test);
const DEFAULT = '14,281,106,188';

/** Bytes that the sentence says are kept, exactly. */
const kept = (page) => page.locator('.answer-sentence .figure').first().getAttribute('data-exact').then((text) => text.replace(/[^\d,]/g, ''));
const field = (page, key) => page.locator(`[data-field="${key}"]`);
/** The address, once it has followed. */
const addressed = (page, text) => becomes(() => hash(page), text);
const hash = (page) => page.evaluate(() => location.hash.slice(1));
const shows = (page, exact) => becomes(() => kept(page), exact);
/** Nothing is wider than the window, once everything has been drawn into it. */
const within = async (page, width, message) => {
  const wide = await until(() => page.evaluate(() => document.documentElement.scrollWidth), (px) => px <= width);
  assert.ok(wide <= width, `${message ?? ''} ${wide} px`);
};

/** What whole.wasm says of a query, asked beside the page. */
const evaluated = async (query) => {
  const { loadWhole } = await import('../../build/loader/actmem.js');
  return (await loadWhole(await readFile(join(root, 'build/whole.wasm')))).evaluate(query);
};

test('the page loads and answers without being asked', async ({ page }) => {
  await shows(page, DEFAULT);
  assert.match(await page.locator('.answer-sentence').innerText(), /Llama 3 8B at 2,048 tokens keeps 13\.3\sGiB/);
  const total = page.locator('.closed-value b');
  assert.equal(await total.innerText(), DEFAULT);
});

test('the table has every tensor, and its bytes add up', async ({ page }) => {
  const cells = await page.locator('.ledger tbody tr[data-row]').evaluateAll((rows) =>
    rows.map((row) => ['Bytes', '×'].map((label) => Number(row.querySelector(`[data-label="${label}"]`).firstChild.data.replaceAll(',', '')))),
  );
  assert.ok(cells.length > 20);
  assert.equal(cells.reduce((sum, [bytes, count]) => sum + bytes * count, 0), 14281106188);
});

test('typing a number answers at once, and the address has it', async ({ page }) => {
  const input = field(page, 'seq').locator('input[type=text]');
  await input.fill('8192');
  await page.waitForFunction(() => document.querySelector('.answer-sentence').textContent.includes('8,192 tokens'));
  const exact = await kept(page);
  assert.notEqual(exact, DEFAULT);
  await addressed(page, 'model=llama-3-8b&seq=8192');
  await page.reload();
  await page.waitForSelector('.answer-sentence');
  await shows(page, exact);
});

test('measured cases: GPT-2 124M, eight sequences of 1,024 tokens, with and without eager attention', async ({ context, address }) => {
  const page = await open(context, address, 'model=gpt2&batch=8&seq=1024&dropout=0.1');
  await shows(page, '6,063,563,044');
  await field(page, 'attention').locator('select').selectOption('eager');
  await page.waitForFunction(() => location.hash.includes('attention=eager'));
  const eager = (await evaluated('model=gpt2&batch=8&seq=1024&dropout=0.1&attention=eager')).saved.bytes;
  assert.ok(eager > 6_063_563_044);
  await shows(page, eager.toLocaleString('en-US'));
  await page.goBack();
  await shows(page, '6,063,563,044');
});

test('the slider goes in steps of doubling and follows the number', async ({ page }) => {
  const slider = field(page, 'seq').locator('input[type=range]');
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await addressed(page, 'model=llama-3-8b&seq=4096');
  await becomes(() => field(page, 'seq').locator('input[type=text]').inputValue(), '4096');
  await becomes(() => slider.getAttribute('aria-valuetext'), '4,096 tokens');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await addressed(page, 'model=llama-3-8b');
  await shows(page, DEFAULT);
});

test('an error stands at its field, and the last good answer stays', async ({ page }) => {
  const seq = field(page, 'seq');
  await seq.locator('input[type=text]').fill('0');
  await seq.locator('.field-help .fault').waitFor();
  assert.equal(await seq.locator('input[type=text]').getAttribute('aria-invalid'), 'true');
  assert.equal(await kept(page), DEFAULT);
  assert.match(await page.locator('.answer-stale').innerText(), /last valid configuration/);
  await seq.locator('input[type=text]').fill('2048');
  await page.waitForFunction(() => document.querySelector('.fault') === null);
  await becomes(() => page.locator('.answer-stale').innerText(), '');
});

test('an error of a folded input unfolds it', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&kv_heads=5');
  await field(page, 'kv_heads').locator('.fault').waitFor();
  assert.ok(await field(page, 'kv_heads').isVisible());
  await shows(page, DEFAULT);
});

test('a broken address shows the default, marked as such', async ({ context, address }) => {
  const page = await open(context, address, 'model=no-such-model');
  await field(page, 'model').locator('.fault').waitFor();
  await shows(page, DEFAULT);
});

test('a hostile address is text, at most an error, and the page stays', async ({ context, address }) => {
  for (const text of [
    'model=<img src=x onerror=alert(1)>',
    'model=%3Cscript%3Ealert(1)%3C/script%3E&seq=8192',
    'seq=8192&%E0%A4%A=%',
    '__proto__=1&constructor=2&toString=3',
    `model=${'a'.repeat(20_000)}`,
    Array.from({ length: 500 }, (_, i) => `k${i}=${i}`).join('&'),
    'seq=999999999999999999999999&batch=-1',
    'layers=1000000&seq=1000000&batch=1000000',
    'checkpoint=regions:0-1e9,..;\u0000\u202e',
    'javascript:alert(1)',
  ]) {
    const page = await context.newPage();
    let said = '';
    page.on('dialog', (dialog) => {
      said = dialog.message();
      void dialog.dismiss();
    });
    await page.goto(`${address}#${text}`);
    await page.waitForSelector('.answer-sentence');
    await page.waitForSelector('.below', { state: 'detached' });
    await page.locator('.answer-stale .fault').waitFor();
    assert.equal(said, '', text.slice(0, 60));
    assert.equal(await page.locator('main img, main script, main iframe').count(), 0, text.slice(0, 60));
    assert.match(await page.locator('.answer-sentence').innerText(), / keeps? /, text.slice(0, 60));
    /* It is typed on as ever. */
    await page.evaluate(() => (location.hash = 'model=gpt2'));
    await page.waitForFunction(() => /^GPT-2 124M/.test(document.querySelector('.answer-sentence').textContent));
    await page.close();
  }
});

test('a faulty address: the inputs and the figures follow what is good in it, and what is not is said once and left out by a click', async ({ context, address }) => {
  const page = await open(context, address, 'model=gpt2&seq=abc&checkpoint=full');
  assert.equal(await field(page, 'model').locator('input').inputValue(), 'GPT-2 124M');
  assert.equal(await field(page, 'seq').locator('input[type=text]').inputValue(), 'abc');
  assert.equal(await field(page, 'checkpoint').locator('select').inputValue(), 'full');
  await shows(page, (await evaluated('model=gpt2&checkpoint=full')).saved.bytes.toLocaleString('en-US'));
  assert.match(await page.locator('.answer-stale').innerText(), /^seq must be .*Showing the link’s configuration without seq\./);
  await page.getByRole('button', { name: 'Leave it out' }).click();
  await addressed(page, 'model=gpt2&checkpoint=full');
  await becomes(() => page.locator('.fault').count(), 0);
  /* Nothing of it can be answered: the default configuration, in full. */
  const other = await open(context, address, 'model=llama-3-8b&batch=zero&heads=7');
  assert.match(await other.locator('.answer-stale').innerText(), /Showing the default configuration\./);
  await other.locator('strong.fit-yes').waitFor();
  await other.locator('.fit-changes li').first().waitFor();
});

test('an input that there is none of does not throw the others of a link away', async ({ context, address }) => {
  const page = await open(context, address, 'model=gpt2&seqlen=512&batch=4&stak=hf');
  await shows(page, (await evaluated('model=gpt2&batch=4')).saved.bytes.toLocaleString('en-US'));
  assert.match(await page.locator('.answer-stale').innerText(), /^there is no input 'seqlen'; the nearest is 'seq'\. there is no input 'stak'; the nearest is 'stack'\. Showing the link’s configuration without seqlen, stak\./);
  /* Another link in the same tab: nothing of this one. */
  await page.evaluate(() => (location.hash = 'model=gpt2&seq=256&device=4090'));
  await page.locator('.answer-stale', { hasText: 'rtx-4090' }).waitFor();
  await shows(page, (await evaluated('model=gpt2&seq=256')).saved.bytes.toLocaleString('en-US'));
  await page.getByRole('button', { name: 'Leave it out' }).click();
  await addressed(page, 'model=gpt2&seq=256');
});

/* What core.wasm leaves to whole.wasm, and what a plan is searched for, is on its way for a while. */
test('a link has its own answer first, and between two there is no third', async ({ context, address }) => {
  const page = await context.newPage();
  await page.addInitScript(() => {
    globalThis.answers = [];
    new MutationObserver(() => {
      const text = document.querySelector('.answer-sentence')?.textContent ?? null;
      if (text !== null && text !== globalThis.answers.at(-1)) globalThis.answers.push(text);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  const answers = (count) => until(() => page.evaluate(() => globalThis.answers), (all) => all.length >= count);
  for (const [query, own] of [['model=mixtral-8x7b&seq=1024', /^Mixtral 8x7B/], ['model=llama-3-8b&seq=8192&checkpoint=budget:20GiB', /^Llama 3 8B at 8,192 tokens, checkpointed by budget/]]) {
    await page.goto('about:blank');
    await page.goto(`${address}#${query}`);
    await answers(1);
    await page.evaluate(() => (location.hash = 'model=gpt2'));
    await answers(2);
    await page.goBack();
    const seen = await answers(3);
    assert.equal(seen.length, 3, seen.join('\n'));
    for (const [i, pattern] of [own, /^GPT-2 124M/, own].entries()) assert.match(seen[i], pattern);
  }
});

test('of a pipeline the answer is that of the stage with the highest peak', async ({ context, address }) => {
  const page = await open(context, address, 'model=gpt3-175b&tp=8&sp=yes&pp=8&vpp=3');
  await shows(page, '44,518,342,656');
  const text = await page.locator('.answer-sentence').innerText();
  assert.match(text, /the first of 8 stages keeps 41\.5/);
  assert.match(text, /peaks at 41\.7/);
  assert.match(await page.locator('.plans caption').innerText(), /All stages together/);
});

test('every rank of a pipeline has its row, the worst one marked; without a pipeline there is no such view', async ({ context, address, page: plain }) => {
  assert.equal(await plain.locator('#view-ranks').count(), 0);
  const query = 'model=gpt3-175b&tp=8&sp=yes&pp=8&vpp=3';
  const page = await open(context, address, query);
  const { ranks, worst_rank: worst } = await evaluated(query);
  const rows = page.locator('.ranks tbody tr');
  await page.locator('#view-ranks').scrollIntoViewIfNeeded();
  await becomes(() => rows.count(), 8);
  const peaks = await rows.evaluateAll((all) => all.map((row) => Number(row.querySelector('[data-label=Peak] data').value)));
  assert.deepEqual(peaks, ranks.map((r) => Math.max(r.forward_peak_bytes, r.backward_peak_bytes)));
  assert.match(await page.locator('.ranks tr[data-chosen]').innerText(), new RegExp(`^${worst}.*highest peak`, 's'));
  assert.equal(await page.locator('.ranks tr[data-chosen]').count(), 1);
  assert.match(await rows.first().innerText(), /embedding/);
  await page.locator('.rank').first().focus();
  await page.keyboard.press('ArrowRight');
  assert.match(await page.locator('.ranks-chart .picture-readout').innerText(), new RegExp(`^rank 1, ${ranks[1].layers} layers, ${ranks[1].in_flight} chunks in flight: keeps `));
  assert.equal(await page.locator('#view-ranks .chart-frame').count(), 1);
  assert.match(await rows.last().innerText(), /head/);
});

test('beside a budget’s plan stands the cheapest that the framework’s own switches can say, of every rank', async ({ context, address }) => {
  const text = 'model=llama-3-70b&stack=megatron&seq=8192&tp=8&pp=4&checkpoint=budget:20GiB';
  const page = await open(context, address, text);
  await page.locator('.checkpointing-chart').scrollIntoViewIfNeeded();
  const summary = page.locator('.plan-switches summary');
  await summary.waitFor();
  const { checkpoint } = await evaluated(text);
  const { switches } = checkpoint;
  assert.ok(switches.found && switches.peak_bytes <= 20 * 2 ** 30 && switches.ranks.length === 4);
  assert.match(await summary.innerText(), new RegExp(`^With the switches of Megatron-LM alone: ${switches.policy}, highest rank `));
  await summary.click();
  assert.equal(await page.locator('.plan-switches pre').textContent(), switches.text);
  assert.deepEqual(await page.locator('.plan-switches .quiet data').evaluateAll((all) => all.map((e) => Number(e.value))), switches.ranks.map((rank) => rank.peak_bytes));
});

test('the step is drawn before and after checkpointing, by what its bytes are of', async ({ page }) => {
  const bytes = (figures) => figures.evaluateAll((all) => all.map((figure) => Number(figure.value)));
  const view = page.locator('#view-step');
  await view.scrollIntoViewIfNeeded();
  await view.locator('.parts-key li').first().waitFor();
  assert.equal(await view.locator('.parts-title').count(), 0);
  await page.locator('.plans input[value="full"]').check();
  await view.scrollIntoViewIfNeeded();
  await view.locator('.parts-title').nth(1).waitFor();
  assert.deepEqual(await view.locator('.parts-title').allInnerTexts(), ['Checkpointed by full', 'Without checkpointing, on its own scale']);
  const { step } = await evaluated('model=llama-3-8b&checkpoint=full&timeline=components');
  const courses = [step, step.without_checkpointing];
  for (const [i, course] of courses.entries()) {
    const own = view.locator('.parts').nth(i);
    const peak = Math.max(...course.timeline.map((p) => p[4]));
    assert.match(await own.locator('.timeline-peak text').textContent(), new RegExp(`${(peak / 2 ** 30).toPrecision(3)}\\sGiB$`));
    assert.equal(await own.locator('.part-area').count(), 2 * course.timeline_parts.length);
    /* Unless a place is read, the key is of the peak. */
    const shown = await bytes(own.locator('.parts-key data'));
    assert.equal(shown.length, course.timeline_parts.length);
    assert.equal(shown.reduce((sum, n) => sum + n, 0), peak);
  }
  const slider = view.getByRole('slider', { name: 'Place in the step' }).last();
  await slider.focus();
  await page.keyboard.press('Home');
  const first = step.without_checkpointing.timeline[0][4];
  assert.equal((await bytes(view.locator('.parts').nth(1).locator('.parts-key data'))).reduce((sum, n) => sum + n, 0), first);
  await view.getByRole('button', { name: 'Table' }).first().click();
  assert.ok((await view.locator('.chart-table thead th').allInnerTexts()).includes('Residual stream'));
});

test('the step over time is read by pointer and by keyboard', async ({ page }) => {
  const slider = page.getByRole('slider', { name: 'Place in the step' });
  const said = () => page.locator('.timeline-readout').innerText();
  const { step } = await evaluated('model=llama-3-8b');
  assert.match(await said(), /^(forward|backward), .* 15\.3\sGiB live$/);
  await page.locator('#view-step').scrollIntoViewIfNeeded();
  /* What its bytes are of comes when it is near. */
  await page.locator('#view-step .parts-key li').first().waitFor();
  await slider.focus();
  await page.keyboard.press('Home');
  assert.equal(await slider.getAttribute('aria-valuenow'), '0');
  assert.match(await said(), new RegExp(`^forward, .*\\(${step.timeline_ops[step.timeline[0][3]]}\\): `));
  await page.keyboard.press('ArrowRight');
  assert.equal(await slider.getAttribute('aria-valuenow'), '1');
  assert.equal(await slider.getAttribute('aria-valuetext'), await said());
  await page.keyboard.press('End');
  assert.match(await said(), /^backward, /);
  const box = await still(slider);
  await page.mouse.move(box.x + box.width * 0.3, box.y + 20);
  await says(page.locator('.timeline-readout'), /^forward, layer \d+, /);
  await becomes(() => page.locator('.timeline-at').count(), 1);
});

test('in the step stands what the GPU has left for it; not of a pipeline, whose stages are drawn together', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&seq=8192');
  const line = page.locator('#view-step .timeline-room');
  await line.waitFor({ state: 'attached' });
  const { fit } = await evaluated('model=llama-3-8b&seq=8192');
  const room = fit.memory_bytes - fit.reserve_bytes - fit.state_bytes;
  assert.match(await page.locator('#view-step .timeline text', { hasText: 'left on the GPU' }).textContent(), new RegExp(`${(room / 2 ** 30).toFixed(1)}\\sGiB$`));
  /* Below the peak that does not fit. */
  const [limit, peak] = await page.locator('#view-step').evaluate((view) => ['.timeline-room', '.timeline-peak circle'].map((mark) => view.querySelector(mark).getBoundingClientRect().y));
  assert.ok(limit > peak, `${limit} ${peak}`);
  await page.evaluate(() => (location.hash = 'model=gpt3-175b&tp=8&sp=yes&pp=8&vpp=3'));
  await line.waitFor({ state: 'detached' });
});

test('the worked example: each line is the core’s, the lines add up, and the symbol of an input is lit while it is changed', async ({ page }) => {
  const lines = await page.locator('#view-example .line').evaluateAll((all) => all.map((line) => ['name', 'formula', 'numbers', 'bytes'].map((part) => line.querySelector(`.line-${part}`).innerText.replaceAll('\u00a0', ' ').trim())));
  const { example, saved } = await evaluated('');
  /* Together by what they are of, each with its sum. */
  const said = [...new Set(example.map((line) => line.scope))].filter((scope) => scope !== 'total').flatMap((scope) => example.filter((line) => line.scope === scope));
  assert.deepEqual(lines.map(([name]) => name), said.map((line) => line.name));
  said.forEach((line, i) => {
    assert.equal(lines[i][1], line.formula);
    assert.equal(lines[i][2].replaceAll(',', ''), `= ${line.substituted.replaceAll(',', '')}`);
    assert.ok(lines[i][3].startsWith(`= ${line.bytes.toLocaleString('en-US')}`), lines[i][3]);
  });
  assert.equal(said.filter((line) => line.component === undefined).reduce((sum, line) => sum + line.bytes * line.count, 0), saved.bytes);
  assert.equal(await page.locator('#view-example [data-lit]').count(), 0);
  await field(page, 'seq').locator('input[type=text]').focus();
  await page.locator('#view-example .k-seq[data-lit]').nth(5).waitFor();
  assert.equal(await page.locator('#view-example .k-hidden[data-lit]').count(), 0);
});

test('beside the activations: every convention and every part of the parameters as the core has it', async ({ page }) => {
  const { state, model } = await evaluated('');
  const values = (of) => page.locator(of).evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll('data')].map((e) => Number(e.value))));
  const nonzero = (list) => list.filter((bytes) => bytes !== 0);
  assert.deepEqual(await values('#view-state .conventions tbody tr'), state.conventions.map((c) => [...nonzero([c.weights_bytes, c.master_bytes, c.gradients_bytes, c.optimizer_bytes]), c.bytes]));
  assert.deepEqual((await values('#view-state table:not(.conventions) tbody tr')).slice(0, model.parts.length).map(([bytes]) => bytes), model.parts.map((part) => part.bytes));
  assert.equal(model.parts.reduce((sum, part) => sum + part.parameters, 0), model.parameters);
  assert.match(await page.locator('#view-state caption').last().innerText(), new RegExp(model.parameters.toLocaleString('en-US')));
});

test('what was changed is undone and done again, by button and by key', async ({ page }) => {
  const undo = page.getByRole('button', { name: 'Undo' });
  const redo = page.getByRole('button', { name: 'Redo' });
  assert.ok(await undo.isDisabled());
  await field(page, 'seq').locator('input[type=text]').fill('4096');
  await field(page, 'attention').locator('select').selectOption('eager');
  await addressed(page, 'model=llama-3-8b&seq=4096&attention=eager');
  await page.locator('h1').evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Control+z');
  await addressed(page, 'model=llama-3-8b&seq=4096');
  await undo.click();
  await addressed(page, 'model=llama-3-8b');
  await shows(page, DEFAULT);
  await becomes(() => undo.isDisabled(), true);
  await page.keyboard.press('Control+Shift+z');
  await redo.click();
  await addressed(page, 'model=llama-3-8b&seq=4096&attention=eager');
  await becomes(() => redo.isDisabled(), true);
  /* In a text box the key is the box's own. */
  await field(page, 'seq').locator('input[type=text]').focus();
  await page.keyboard.press('Control+z');
  assert.match(await hash(page), /attention=eager/);
});

test('two configurations stand side by side, with the difference by component, and the address has both', async ({ page }) => {
  await page.getByRole('button', { name: 'Compare with this' }).click();
  await page.locator('.compare-both').waitFor();
  await says(page.locator('.compare-inputs'), /^The two are the same/);
  await page.locator('.plans input[value="full"]').check();
  await addressed(page, 'model=llama-3-8b&checkpoint=full&against=model%3Dllama-3-8b');
  await page.locator('.compare-inputs', { hasText: /^Checkpointing: full against none$/ }).waitFor();
  assert.match(await page.locator('.sections-answer').innerText(), /^1\.54\sGiB kept, 3\.50\sGiB peak.* against 13\.3\sGiB kept, 15\.3\sGiB peak/);
  const [ours, theirs] = [await evaluated('model=llama-3-8b&checkpoint=full'), await evaluated('model=llama-3-8b')];
  const figures = () => page.locator('.compare tbody tr').evaluateAll((rows) => rows.map((row) => [row.children[0].textContent, ...[1, 2].map((at) => Number(row.children[at].querySelector('data')?.value))]));
  /* Totals and times come with whole.wasm. */
  await page.locator('.compare tbody tr', { hasText: 'Total on one GPU' }).waitFor();
  const rows = new Map((await figures()).map(([name, ...bytes]) => [name, bytes]));
  assert.deepEqual(rows.get('Kept'), [ours.saved.bytes, theirs.saved.bytes]);
  assert.deepEqual(rows.get('Total on one GPU'), [ours.fit.total_bytes, theirs.fit.total_bytes]);
  const of = (report, component) => report.components.find((c) => c.component === component)?.bytes ?? 0;
  assert.deepEqual(rows.get('MLP'), [of(ours, 'mlp'), of(theirs, 'mlp')]);
  assert.deepEqual(rows.get('Residual stream'), [of(ours, 'residual'), of(theirs, 'residual')]);
  assert.match(await page.locator('.compare tbody tr', { hasText: 'Kept' }).first().innerText(), /−11\.8\sGiB\s+−88\s%/);
  assert.match(await page.locator('.compare-headline').innerText(), /^−11\.8\sGiB kept \(−88\s%\), −11\.8\sGiB peak \(−77\s%\), step time \+\d+\s%$/);
  await page.reload();
  await page.locator('.compare-both').waitFor();
  assert.deepEqual(new Map((await figures()).map(([name, ...bytes]) => [name, bytes])).get('Kept'), rows.get('Kept'));
  await page.getByRole('button', { name: 'Swap the two' }).click();
  await addressed(page, 'model=llama-3-8b&against=model%3Dllama-3-8b%26checkpoint%3Dfull');
  await page.getByLabel('Or pin the same configuration').selectOption({ label: 'with Liger-Kernel' });
  await page.locator('.compare-inputs', { hasText: 'Stack: hf against liger' }).waitFor();
  await page.getByRole('button', { name: 'Stop comparing' }).click();
  await addressed(page, 'model=llama-3-8b');
  await page.locator('.compare-both').waitFor({ state: 'detached' });
});

test('a comparison that cannot be answered says why, and the page stays', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&against=model%3Dllama-3-8b%26seq%3D0');
  await shows(page, DEFAULT);
  await page.locator('.compare .fault').waitFor();
  await says(page.locator('.compare .fault'), /^seq must be/);
});

test('the GPU is chosen from the table of devices', async ({ page }) => {
  await page.locator('.inputs-rest summary').click();
  await page.locator('strong.fit-yes').waitFor();
  const select = field(page, 'device').locator('select');
  await select.locator('option').nth(19).waitFor({ state: 'attached' });
  await select.selectOption('rtx-4090');
  await addressed(page, 'model=llama-3-8b&device=rtx-4090');
  await page.locator('strong.fit-no').waitFor();
  assert.match(await page.locator('.fit-picker select').first().locator('option:checked').innerText(), /^NVIDIA (GeForce )?RTX 4090, 24\.0\sGiB$/);
  /* It is not of what is kept. */
  assert.match(await page.locator('.answer-sentence').innerText(), /at 2,048 tokens keeps/);
  await select.selectOption('h100-sxm');
  await addressed(page, 'model=llama-3-8b');
});

test('the presets are searched by typing and chosen by keyboard', async ({ page }) => {
  const box = field(page, 'model').locator('[role=combobox]');
  await box.focus();
  await box.fill('gpt');
  await page.locator('[role=combobox][aria-expanded=true]').waitFor();
  const options = await page.locator('[role=option]').allInnerTexts();
  assert.ok(options.length >= 2 && options.every((o) => /gpt/i.test(o)), String(options));
  await page.keyboard.press('Enter');
  await addressed(page, 'model=gpt2');
  await becomes(() => box.getAttribute('aria-expanded'), 'false');
  await page.waitForFunction(() => document.querySelector('.answer-sentence').textContent.startsWith('GPT-2'));
  assert.match(await page.locator('.answer-sentence').innerText(), /^GPT-2 124M/);
  await page.goBack();
  await shows(page, DEFAULT);
});

test('every input of the table has a control, with its help', async ({ page }) => {
  await page.locator('.inputs-rest summary').click();
  await page.locator('[data-field]').nth(34).waitFor();
  const fields = await page.locator('[data-field]').evaluateAll((all) => all.map((f) => [f.dataset.field, f.querySelector('.field-help').textContent]));
  for (const [key, help] of fields) assert.ok(help.length > 5, key);
});

test('a policy is chosen in the table, in the chart and in the form; what it drops is hatched', async ({ page }) => {
  assert.equal(await page.locator('.mark-dropped').count(), 0);
  await page.locator('.plans input[value="full"]').check();
  await addressed(page, 'model=llama-3-8b&checkpoint=full');
  /* Far from the window it is drawn when there is nothing else to do. */
  await page.locator('.mark-dropped').nth(10).waitFor({ state: 'attached' });
  assert.match(await page.locator('.answer-sentence').innerText(), /checkpointed by full/);
  const spot = page.locator('.spot', { hasText: 'save:matmuls' });
  await spot.focus();
  await page.keyboard.press('Enter');
  await addressed(page, 'model=llama-3-8b&checkpoint=save:matmuls');
  await becomes(() => spot.getAttribute('aria-pressed'), 'true');
  await field(page, 'checkpoint').locator('select').selectOption('none');
  await addressed(page, 'model=llama-3-8b');
  await page.goBack();
  await addressed(page, 'model=llama-3-8b&checkpoint=save:matmuls');
});

test('the exact frontier is searched when its chart is near, read by keyboard, and a plan of it becomes the budget', async ({ context, address }) => {
  const page = await context.newPage();
  await page.goto(address);
  await page.waitForSelector('.answer-sentence');
  assert.equal(await page.locator('.knot').count(), 0);
  await page.locator('.checkpointing-chart').scrollIntoViewIfNeeded();
  const report = (await evaluated('model=llama-3-8b&frontier=yes')).checkpoint;
  await becomes(() => page.locator('.knot').count(), report.frontier.length);
  await says(page.locator('.frontier-said'), new RegExp(`No plan below the line .* ${report.frontier_search.plans.toLocaleString('en-US')} plans are on the line`));
  await says(page.locator('.plans tr', { hasText: 'every saved tensor is kept' }), /on the frontier/);

  /* From the one that runs nothing again along the line. */
  const knot = page.locator('.knot').first();
  await knot.focus();
  await says(page.locator('.tradeoff-readout'), /^peak 15\.3\sGiB, 0\sms recomputed: 32 layers keep everything$/);
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
  const plan = report.frontier.at(-6);
  await says(page.locator('.tradeoff-readout'), /^peak .*\sms recomputed: \d+ layers? keep/);
  await page.keyboard.press('Enter');
  await addressed(page, `model=llama-3-8b&checkpoint=budget:${plan.peak_bytes}`);
  await page.waitForFunction((exact) => document.querySelectorAll('.answer-sentence .figure')[1].dataset.exact.startsWith(exact), plan.peak_bytes.toLocaleString('en-US'));
  await page.locator('.knot[data-chosen]').waitFor();
  const { lines } = (await evaluated(`model=llama-3-8b&checkpoint=budget:${plan.peak_bytes}`)).checkpoint;
  await page.locator('.plan-lines summary').click();
  assert.deepEqual(await page.locator('.plan-lines pre').evaluateAll((all) => all.map((e) => e.textContent)), lines.map((l) => l.text));

  await page.locator('.frontier-table summary').click();
  await becomes(() => page.locator('.frontier-table tbody tr').count(), await page.locator('.knot').count());
  await page.locator('.switch input[name=measure][value=saved]').check();
  await says(page.locator('.frontier-said'), /frontier is of the peak/);
  assert.equal(await page.locator('.knot').count(), 0);
});

test('the frontier is asked for once the input has rested, and where there is none it is said', async ({ context, address }) => {
  const page = await open(context, address, 'model=gpt2&stack=nanogpt');
  await page.locator('.checkpointing-chart').scrollIntoViewIfNeeded();
  await page.locator('.knot').first().waitFor({ state: 'attached' });
  /* As fast as somebody types: what was drawn is not of the new input, and is gone until that is searched. */
  await page.evaluate(
    () =>
      new Promise((done) => {
        const said = document.querySelector('.frontier-said');
        new MutationObserver((_, observer) => {
          if (!said.textContent.startsWith('Searching')) return;
          observer.disconnect();
          done();
        }).observe(said, { subtree: true, childList: true, characterData: true });
        location.hash = 'model=gpt2&stack=nanogpt&batch=2';
      }),
  );
  await page.locator('.knot').first().waitFor({ state: 'attached' });
  await page.evaluate(() => (location.hash = 'model=gpt3-175b&tp=8&sp=yes&pp=8&vpp=3'));
  await page.locator('.frontier-said', { hasText: 'No exact frontier' }).waitFor();
  assert.equal(await page.locator('.knot').count(), 0);
});

test('whether the step fits, on which GPU and what to change stand under the answer, unasked; a click makes the change', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&seq=8192');
  const top = () => page.locator('.inputs').evaluate((e) => Math.round(e.getBoundingClientRect().top));
  const before = await top();
  await page.locator('.fit-no').first().waitFor();
  assert.match(await page.locator('.fit-sum').innerText(), /^Needs 106\sGiB of 80\.0\sGiB: 25\.9\sGiB short, before the CUDA context/);
  assert.match(await page.locator('.fit-limit-text').textContent(), /^80\.0\sGiB$/);
  assert.equal(await page.locator('.fit-picker select').first().inputValue(), 'h100-sxm');
  const { fit } = await evaluated('model=llama-3-8b&seq=8192&fit=yes');
  const parts = await page.locator('.fit-key data').evaluateAll((all) => all.map((e) => Number(e.value)));
  assert.equal(parts.reduce((sum, n) => sum + n, 0), fit.total_bytes);
  const rows = page.locator('.fit-changes li');
  await rows.first().waitFor();
  assert.equal(await top(), before);
  assert.match(await page.locator('.fit-title').innerText(), /^What makes it fit, cheapest first$/);
  const text = await page.locator('.fit-changes').innerText();
  assert.match(await rows.first().innerText(), /Checkpoint with the fastest plan, peak ≤\s35\.1\sGiB.*\+44\.3\sms per step, \+7\.5\s%.*79\.9\sGiB.*102\sMiB free/s);
  assert.equal(await rows.count(), fit.changes.length);
  /* What is counted stands beside the verdict, and what would be usual is a click away. */
  await page.locator('.basis', { hasText: `${fit.usual.who} with ${fit.usual.set}: 175` }).waitFor();
  assert.match(await page.locator('.basis').innerText(), /^This counts AdamW on bf16 parameters without fp32 master weights, gradients in bf16; .*does not fit\./);
  for (const said of ['save:half-matmuls', 'Shard over 3 GPUs, ZeRO 3', `${fit.answers.seq.value.toLocaleString('en-US')} tokens per sequence`]) assert.ok(text.includes(said), text);
  await rows.first().getByRole('button').click();
  await addressed(page, fit.changes[0].query);
  await page.locator('strong.fit-yes').waitFor();
  assert.match(await page.locator('.answer-sentence').innerText(), /checkpointed by budget:35\.1\sGiB/);
  /* What made the last one fit is not offered to one that does. */
  assert.doesNotMatch(await page.locator('.fit-changes').innerText(), /What makes it fit/);
  await page.goBack();
  await page.locator('strong.fit-no').waitFor();
  /* Answers to the last question open nothing until those to this one are there. */
  await page.locator('.fit-changes > div:not([inert]) li', { hasText: 'tokens per sequence' }).getByRole('button').click();
  await addressed(page, `model=llama-3-8b&seq=${fit.answers.seq.value}`);
  await page.locator('strong.fit-yes').waitFor();
  await page.locator('.fit-changes', { hasText: 'It fits as it is; no longer sequence or larger micro-batch would.' }).waitFor();
});

test('what the verdict counts stands beside it, and what is usual is a click away, on the related pages too', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&stack=megatron');
  await page.locator('strong.fit-yes').waitFor();
  await page.locator('.fit .basis', { hasText: 'Megatron-LM trains with master_weights=yes grad_dtype=fp32: 145' }).waitFor();
  await page.locator('.fit .basis').getByRole('button', { name: 'Use that' }).click();
  await addressed(page, 'model=llama-3-8b&stack=megatron&grad_dtype=fp32&master_weights=yes');
  await page.locator('strong.fit-no').waitFor();
  await says(page.locator('.fit .basis'), /^This counts AdamW on bf16 parameters with fp32 master weights, gradients in fp32\.$/);
  await page.goto(`${address}gpu.html#device=rtx-4090`);
  await page.locator('.related-basis', { hasText: 'This counts AdamW on bf16 parameters' }).waitFor();
  await page.getByRole('button', { name: 'Use that' }).click();
  await page.locator('.related-basis', { hasText: 'This counts AdamW on fp32 parameters under bf16 autocast, gradients in fp32.' }).waitFor();
});

test('the GPU and what is reserved of it are chosen where the answer stands', async ({ page }) => {
  await page.locator('strong.fit-yes').waitFor();
  await page.locator('.fit-picker select').first().selectOption('rtx-4090');
  await addressed(page, 'model=llama-3-8b&device=rtx-4090');
  await page.locator('strong.fit-no').waitFor();
  await page.locator('.fit-title', { hasText: 'What makes it fit' }).waitFor();
  await page.locator('.fit-picker select').first().selectOption('h100-sxm');
  await page.locator('.fit-picker select').last().selectOption('2GiB');
  await addressed(page, 'model=llama-3-8b&reserve=2GiB');
  await says(page.locator('.fit-sum'), /17\.9\sGiB free with 2\.00\sGiB reserved/);
  assert.match(await page.locator('.fit-limit-text').textContent(), /^78\.0\sGiB$/);
});

test('a GPU of one’s own is chosen in the inputs, and said where the answer stands', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&device=mine&device_gflops=50000&device_bandwidth=500');
  await page.locator('.fit-line', { hasText: 'Total on one GPU' }).waitFor();
  assert.equal(await page.locator('.fit-picker select').first().locator('option:checked').innerText(), 'custom GPU');
});

test('searches asked for in the address run on threads, not where the page waits for them', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&seq=8192&fit=yes&frontier=yes');
  assert.equal(await page.locator('.fault').count(), 0);
  await page.locator('.fit-changes li').first().waitFor();
  await page.locator('.plans input[value="full"]').check();
  await addressed(page, 'model=llama-3-8b&seq=8192&checkpoint=full');
});

test('a plan is searched for on a thread: the page is typed into meanwhile, and the last answer stays', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&seq=8192&checkpoint=full');
  const full = await kept(page);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await context.route('**/ask-worker-*', async (route) => (await held, route.continue()));
  await field(page, 'checkpoint').locator('select').selectOption('');
  await field(page, 'checkpoint').locator('input[type=text]').fill('budget:20GiB');
  await page.locator('.answer-stale', { hasText: 'Searching for the plan' }).waitFor();
  assert.equal(await page.locator('.answer .fault').count(), 0);
  assert.equal(await kept(page), full);
  assert.equal(await page.locator('.answer-sentence').getAttribute('data-stale'), 'waiting');
  release();
  const { saved } = await evaluated('model=llama-3-8b&seq=8192&checkpoint=budget:20GiB');
  await shows(page, saved.bytes.toLocaleString('en-US'));
  assert.match(await page.locator('.answer-sentence').innerText(), /checkpointed by budget:20\.0\sGiB/);
  await field(page, 'checkpoint').locator('input[type=text]').fill('budget:1GiB');
  await field(page, 'checkpoint').locator('.fault').waitFor();
  assert.match(await field(page, 'checkpoint').locator('.fault').innerText(), /budget/);
});

test('a calculator whose second part does not arrive still gives its first answer, says so, and tries again', async ({ context, address }) => {
  const page = await context.newPage();
  page.expected = /404/;
  let broken = true;
  await page.route('**/whole-*.wasm', (route) => (broken ? route.fulfill({ status: 404 }) : route.continue()));
  await page.goto(address);
  await page.locator('.fit-line .fault').waitFor();
  await shows(page, DEFAULT);
  broken = false;
  await page.getByRole('button', { name: 'Does it fit on a GPU?' }).click();
  await page.locator('strong.fit-yes').waitFor();
});

test('the examples are whole configurations in the shortest text, each a click away; from the first to what makes it fit is one more', async ({ page }) => {
  const links = page.getByRole('navigation', { name: 'Examples' }).getByRole('link');
  const texts = await links.evaluateAll((all) => all.map((a) => a.getAttribute('href').slice(1)));
  assert.ok(texts.length >= 4);
  for (const text of texts) assert.equal((await evaluated(text)).query, text);
  await links.first().click();
  await page.locator('.fit-no').first().waitFor();
  const first = page.locator('.fit-changes li').first();
  await first.waitFor();
  assert.match(await page.locator('.fit-title').innerText(), /cheapest first/);
  await page.locator('.fit-changes > div:not([inert]) li').first().getByRole('button').click();
  await page.locator('strong.fit-yes').waitFor();
  await page.goBack();
  await page.goBack();
  await shows(page, DEFAULT);
});

test('on a phone the answer stays in sight while its inputs are changed; a click takes the whole number', async ({ browser, address, watch }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, serviceWorkers: 'block' });
  watch(context);
  const page = await open(context, address);
  const seq = field(page, 'seq').locator('input[type=text]');
  await seq.tap();
  await page.keyboard.type('8k');
  await addressed(page, 'model=llama-3-8b&seq=8192');
  const line = page.locator('.answer-kept');
  await page.waitForFunction(() => /53\.2\sGiB kept, 61\.0\sGiB peak/.test(document.querySelector('.answer-kept').textContent));
  await page.evaluate(() => document.querySelector('[data-field=checkpoint]').scrollIntoView({ block: 'center' }));
  const [box, first] = [await line.boundingBox(), await seq.boundingBox()];
  assert.ok(box.y >= 0 && box.y + box.height <= 60, JSON.stringify(box));
  assert.ok(first.y > box.y + box.height, 'the input stands below it');
  const atTop = () => page.waitForFunction(() => scrollY === 0);
  await page.getByRole('button', { name: /kept, .* peak.*: back to the answer$/ }).tap();
  await atTop();
  await page.getByRole('navigation', { name: 'Examples' }).getByRole('link').first().tap();
  await atTop();
  await page.locator('strong.fit-no').waitFor();
  await context.close();
});

test('by keyboard alone: 8,192 tokens, it does not fit, the first change is applied, it fits', async ({ page }) => {
  await page.locator('strong.fit-yes').waitFor();
  const focused = () => page.evaluate(() => `${document.activeElement.getAttribute('aria-label') ?? ''} ${document.activeElement.closest('[data-field]')?.dataset.field ?? ''}`);
  const tabTo = async (wanted, key = 'Tab') => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press(key);
      if (wanted.test(await focused())) return;
    }
    assert.fail(`${wanted} is not reached`);
  };
  await tabTo(/^ seq$/);
  await page.keyboard.press('Control+a');
  await page.keyboard.type('8192');
  await page.locator('strong.fit-no').waitFor();
  await page.locator('.fit-changes > div:not([inert]) li', { hasText: 'fastest plan' }).waitFor();
  await tabTo(/^Apply: Checkpoint with the fastest plan/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.locator('strong.fit-yes').waitFor();
  assert.match(await hash(page), /^model=llama-3-8b&seq=8192&checkpoint=budget:35\.1GiB$/);
});

test('a memory of one\u2019s own is not called the device\u2019s', async ({ context, address }) => {
  /* core.wasm leaves it to whole.wasm, which then says so unasked. */
  const page = await open(context, address, 'model=llama-3-8b&device_memory=24GiB');
  await page.locator('strong.fit-no').waitFor();
  assert.match(await page.locator('.fit-sum').innerText(), /^Needs 60\.1\sGiB of 24\.0\sGiB: 36\.1\sGiB short/);
  assert.equal(await page.locator('.fit-picker select').first().locator('option:checked').innerText(), 'custom GPU, 24.0\u00a0GiB');
});

test('a search that cannot be loaded says so, and is tried again', async ({ context, address }) => {
  const page = await context.newPage();
  page.expected = /404|worker/i;
  let broken = true;
  await context.route('**/ask-worker-*', (route) => (broken ? route.fulfill({ status: 404 }) : route.continue()));
  await page.goto(address);
  await page.waitForSelector('.answer-sentence');
  await page.locator('.checkpointing-chart').scrollIntoViewIfNeeded();
  await page.locator('.frontier-said .fault').waitFor();
  broken = false;
  await page.locator('.frontier-said').getByRole('button', { name: 'Try again' }).click();
  await page.locator('.knot').first().waitFor({ state: 'attached' });
});

test('a search that falls while it runs says so, and the next one starts anew', async ({ context, address }) => {
  const page = await context.newPage();
  page.expected = /fell/;
  let falls = true;
  await context.route('**/ask-worker-*', (route) =>
    falls ? route.fulfill({ contentType: 'text/javascript', body: "onmessage = () => { throw new Error('it fell'); };" }) : route.continue(),
  );
  await page.goto(address);
  await page.waitForSelector('.answer-sentence');
  await page.locator('.checkpointing-chart').scrollIntoViewIfNeeded();
  await page.locator('.frontier-said .fault').waitFor();
  await shows(page, DEFAULT);
  falls = false;
  await page.locator('.frontier-said').getByRole('button', { name: 'Try again' }).click();
  await page.locator('.knot').first().waitFor({ state: 'attached' });
});

test('where the browser keeps nothing the page answers, and what is chosen holds for the visit', async ({ context, address }) => {
  await context.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])
      Object.defineProperty(globalThis, name, {
        get() {
          throw new DOMException('denied', 'SecurityError');
        },
      });
  });
  const page = await open(context, address);
  await shows(page, DEFAULT);
  await page.getByRole('radio', { name: 'dark' }).check({ force: true });
  assert.equal(await page.evaluate(() => document.documentElement.dataset.scheme), 'dark');
  await page.locator('.checkpointing-chart').scrollIntoViewIfNeeded();
  await page.locator('.knot').first().waitFor({ state: 'attached' });
});

/* What browsers do that translate a page: each text goes into two elements of theirs, and comes out in other words. */
const translate = (page) =>
  page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) if (texts.currentNode.data.trim() !== '' && texts.currentNode.parentElement.closest('script, style, [translate=no], .notranslate') === null) found.push(texts.currentNode);
    for (const text of found) {
      const outer = document.createElement('font');
      const inner = outer.appendChild(document.createElement('font'));
      inner.append(text.data);
      text.replaceWith(outer);
    }
    return found.length;
  });

/** The figures of the answer as they stand to be read. */
const read = (page) => page.locator('.answer-sentence').innerText().then((text) => text.replace(/\s+/g, ' '));

test('a translator leaves what is computed alone: figures in elements of its own would stay the old ones', async ({ page, address }) => {
  assert.equal(await translate(page), 0);
  for (const [seq, figure] of [['8192', /53\.2 GiB/], ['2048', /13\.3 GiB/], ['4096', /26\.6 GiB/]]) {
    await field(page, 'seq').locator('input[type=text]').fill(seq);
    assert.match(await until(() => read(page), (text) => figure.test(text)), figure);
    await translate(page);
  }
  await field(page, 'checkpoint').locator('select').selectOption('full');
  await until(() => hash(page), (text) => text.includes('checkpoint=full'));
  const { saved } = await evaluated('model=llama-3-8b&seq=4096&checkpoint=full');
  await shows(page, saved.bytes.toLocaleString('en-US'));
  await field(page, 'seq').locator('input[type=text]').fill('0');
  await field(page, 'seq').locator('.field-help .fault').waitFor();
  for (const other of ['embed.html', 'gpu.html', 'zero.html', 'accumulation.html']) assert.match(await (await fetch(address + other)).text(), /<body [^>]*translate="no"/, other);
});

test('an extension that puts its elements everywhere breaks nothing', async ({ page }) => {
  const strew = () =>
    page.evaluate(() => {
      for (const element of document.querySelectorAll('main, main section, main p, main label, main td, .answer-sentence, .answer-sentence *, .field')) {
        element.prepend(Object.assign(document.createElement('span'), { className: 'strange' }));
        element.append(Object.assign(document.createElement('div'), { className: 'strange' }));
      }
      document.body.prepend(Object.assign(document.createElement('div'), { className: 'strange' }));
    });
  await strew();
  for (const [seq, figure] of [['8192', /53\.2 GiB/], ['2048', /13\.3 GiB/]]) {
    await field(page, 'seq').locator('input[type=text]').fill(seq);
    assert.match(await until(() => read(page), (text) => figure.test(text)), figure);
    await strew();
  }
  await page.locator('.plans input[value="full"]').check();
  await addressed(page, 'model=llama-3-8b&checkpoint=full');
  await shows(page, (await evaluated('model=llama-3-8b&checkpoint=full')).saved.bytes.toLocaleString('en-US'));
});

test('pointing at a tensor lights it up in the picture, the bar and the table', async ({ page }) => {
  const mark = page.locator('.mark', { hasText: 'gate × up' });
  const id = await mark.getAttribute('data-row');
  const hot = () => page.locator('[data-hot]').evaluateAll((all, row) => ['.mark', '.piece', '.ledger tr'].filter((place) => all.some((e) => e.dataset.row === row && e.matches(place))), id);
  assert.deepEqual(await pointed(mark, hot, (places) => places.length === 3), ['.mark', '.piece', '.ledger tr']);
  assert.match(await page.locator('.inspector').innerText(), /gate × up[\s\S]*58,720,256/);
  await page.mouse.move(0, 0);
  await page.locator('.layer .mark').first().focus();
  await page.keyboard.press('ArrowDown');
  await says(page.locator('.inspector-title'), /1 \/ root mean square/);
});

/** Goes near everything, until the charts that load late are there. */
const allCharts = async (page) => {
  for (const id of ['bytes', 'checkpointing', 'step', 'fit', 'formulas']) {
    await page.locator(`#view-${id}`).scrollIntoViewIfNeeded();
    await page.locator(`#view-${id} svg.chart`).first().waitFor();
  }
};

test('every chart has its data as a table', async ({ page }) => {
  await allCharts(page);
  const frames = page.locator('.chart-frame');
  const counts = await until(() => page.evaluate(() => ['.chart-frame', 'svg.chart'].map((what) => document.querySelectorAll(what).length)), ([framed, drawn]) => framed === drawn && framed >= 8);
  assert.ok(counts[0] === counts[1] && counts[0] >= 8, counts.join());
  for (const frame of await frames.all()) {
    const button = frame.getByRole('button', { name: 'Table' });
    await button.click();
    const table = frame.locator('.chart-table');
    await table.locator('tbody tr').nth(2).waitFor();
    assert.equal(await frame.locator('[aria-expanded=true]').count(), 1);
    assert.ok((await table.locator('tbody data').count()) > 0, await table.getAttribute('aria-label'));
    await frame.getByRole('button', { name: 'Close the table' }).click();
  }
});

test('every chart is saved as SVG and as PNG, which need nothing of the page', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&checkpoint=block:16');
  await allCharts(page);
  const names = new Set();
  for (const frame of await page.locator('.chart-frame').all()) {
    const saved = async (kind) => {
      const [download] = await Promise.all([page.waitForEvent('download'), frame.getByRole('button', { name: `Save as ${kind}` }).click()]);
      return { name: download.suggestedFilename(), body: await readFile(await download.path()) };
    };
    const svg = await saved('SVG');
    names.add(svg.name);
    assert.match(svg.name, /^actmem-[a-z-]+\.svg$/);
    const text = svg.body.toString('utf8');
    const legend = await frame.locator('[data-legend] > li:not([data-none])').evaluateAll((items) => items.map((li) => [...li.childNodes].find((n) => n.nodeName !== 'svg' && n.textContent.trim() !== '').textContent.trim()));
    const { root, elements, url, foreign, query } = await page.evaluate((source) => {
      const parsed = new DOMParser().parseFromString(source, 'image/svg+xml');
      const all = [...parsed.querySelectorAll('*')];
      const values = all.flatMap((e) => [...e.attributes].filter((a) => a.name === 'fill' || a.name === 'stroke').map((a) => a.value));
      return {
        root: parsed.documentElement.nodeName,
        elements: all.length,
        url: values.filter((v) => v.startsWith('url(')).every((v) => parsed.getElementById(v.slice(5, -1)) !== null),
        foreign: values.filter((v) => !/^(#[0-9a-f]{6}|none|url\(#[\w-]+\))$/.test(v)),
        query: parsed.documentElement.textContent.includes('actmem model=llama-3-8b&checkpoint=block:16'),
      };
    }, text);
    assert.equal(root, 'svg', svg.name);
    assert.ok(elements > 8 && url && query, svg.name);
    for (const entry of legend) assert.ok(text.includes(entry), `${svg.name} has no ${entry}`);
    assert.deepEqual(foreign, [], svg.name);
    assert.ok(!/var\(|class=|tabindex/.test(text), svg.name);
    const png = (await saved('PNG')).body;
    assert.equal(png.subarray(1, 4).toString(), 'PNG');
    /* Twice as many pixels as the picture is wide, and not all of one colour. */
    const width = Number(/ width="(\d+)"/.exec(text)[1]);
    assert.equal(png.readUInt32BE(16), 2 * width, svg.name);
    assert.ok(png.length > 4000, `${svg.name} ${png.length}`);
  }
  assert.ok(names.size >= 8, [...names].join());
});

test('the treemap and the stacked layers are read by pointer and by keyboard, and light up the same tensor elsewhere', async ({ page }) => {
  const tiles = page.locator('.tile');
  await tiles.first().waitFor();
  const loss = /^log-probabilities, Loss: 0\.979\sGiB$/;
  assert.match(await pointed(page.locator('.tile', { hasText: 'log-probabilities' }), () => page.locator('.treemap .picture-readout').innerText(), (text) => loss.test(text)), loss);
  await tiles.first().focus();
  await page.keyboard.press('ArrowRight');
  await becomes(() => page.locator('.tile[data-hot]').count(), 1);
  await becomes(() => page.locator('.ledger tr[data-hot]').count(), 1);
  await page.locator('.slab').first().focus();
  await says(page.locator('.stack .picture-readout'), /^layers 0 to 31: each keeps 392\sMiB/);
  await page.keyboard.press('ArrowDown');
  await says(page.locator('.stack .picture-readout'), /^embedding, head and loss: keeps/);
  await page.locator('.plans input[value="full"]').check();
  await page.locator('.slab-recomputed').first().waitFor();
  await says(page.locator('.stack .picture-readout'), /recomputed: Norms, Attention, MLP/);
});

test('a first visit has its first answer from less than 120 KB, gzipped, in all; the rest follows unasked', async ({ context, address }) => {
  const page = await context.newPage();
  const loaded = new Map();
  page.on('response', (response) => {
    if (response.url().startsWith('http')) loaded.set(response.url(), response.body());
  });
  /* What is asked for before the answer has been painted. */
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (document.querySelector('.answer-sentence') === null) return;
      observer.disconnect();
      requestAnimationFrame(() => (globalThis.answered = performance.now()));
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(address);
  await page.locator('strong.fit-yes').waitFor();
  const first = await page.evaluate(() => [location.href, ...performance.getEntriesByType('resource').filter((e) => e.startTime < globalThis.answered).map((e) => e.name)]);
  const bodies = await Promise.all(first.map((url) => loaded.get(url)));
  const size = bodies.reduce((sum, body) => sum + gzipSync(body, { level: 9 }).length, 0);
  assert.ok(bodies.length >= 5 && size < 120_000, `${first.join(' ')}, ${size} bytes`);
  assert.ok(!first.some((url) => /\/whole-[^/]*\.wasm$/.test(url)));
});

test('what fits: a map of exact totals, loaded when it is near, by mouse and keyboard', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&seq=4096');
  await page.locator('#view-fit').scrollIntoViewIfNeeded();
  await mapped(page);
  await says(page.locator('.fit-map-read'), /^1 × 4,096 tokens: 75\.4\sGiB, fits \(as it is now\)$/);
  assert.ok((await page.locator('.fit-map rect[class="level-3"]').count()) > 1);
  /* Where a finger comes down. */
  await page.locator('.fit-map-hit').evaluate((plane) => {
    const { right, top } = plane.getBoundingClientRect();
    plane.dispatchEvent(new PointerEvent('pointerdown', { pointerType: 'touch', clientX: right - 2, clientY: top + 2, bubbles: true }));
  });
  await says(page.locator('.fit-map-read'), /^8 × 8,192 tokens: /);
  await page.locator('.fit-map-hit').dispatchEvent('pointerleave');
  await page.locator('.fit-map-hit').focus();
  await page.keyboard.press('ArrowRight');
  await says(page.locator('.fit-map-read'), /^2 × 4,096 tokens: 106\sGiB, does not fit/);
  await page.keyboard.press('Enter');
  await addressed(page, 'model=llama-3-8b&batch=2&seq=4096');
  await says(page.locator('.cost tbody tr').first(), /Forward\s+\d+ TFLOP/);
  await page.locator('.fit-map-view').getByRole('button', { name: 'Table' }).click();
  await page.locator('.fit-map-view .chart-table td data').nth(40).waitFor();
});

test('a map that takes minutes is given up and never holds the page up', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&seq=8192');
  await page.locator('#view-fit').scrollIntoViewIfNeeded();
  await mapped(page);
  /* While the last map waits to be replaced, until that is given up: the page's own timers go on, and answers to what is asked come as ever. */
  const [ticks, answered] = await page.evaluate(
    () =>
      new Promise((done) => {
        let [n, answered] = [0, false];
        location.hash = 'model=llama-3-8b&seq=8192&checkpoint=budget:30GiB';
        const timer = setInterval(() => {
          if (document.querySelector('.fit-map-view[data-waiting]') !== null) n++;
          if (document.querySelector('.fit-map-view') !== null) answered ||= document.querySelector('.answer-sentence code')?.textContent.startsWith('budget') === true;
          else {
            clearInterval(timer);
            done([n, answered]);
          }
        }, 20);
      }),
  );
  assert.ok(ticks >= 20, `${ticks}`);
  assert.ok(answered);
  await page.getByRole('button', { name: 'Draw it anyway' }).click();
  await page.locator('.fit-map-wait', { hasText: 'Evaluating' }).waitFor();
  /* Another question ends it. */
  await page.evaluate(() => (location.hash = 'model=llama-3-8b&seq=4096'));
  await page.waitForFunction(() => /4,096 tokens: 75\.4\sGiB, fits/.test(document.querySelector('.fit-map-read')?.textContent));
});

test('every picture is read by a finger, and the map asks for a second tap before it takes one', async ({ browser, address, watch }) => {
  const context = await browser.newContext({ viewport: { width: 820, height: 1100 }, hasTouch: true, isMobile: true, serviceWorkers: 'block' });
  watch(context);
  const page = await open(context, address, 'model=llama-3-8b&checkpoint=block:16');
  /* Taps its middle, and wants the reading to be another and to stay. */
  const tapped = async (mark, reading) => {
    await mark.scrollIntoViewIfNeeded();
    const read = page.locator(reading).first();
    const said = await read.innerText();
    /* Something may arrive between the look and the tap. */
    const tap = async () => {
      const box = await still(mark);
      await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
      await still(read);
      return read.innerText();
    };
    const text = await until(tap, (now) => now !== said);
    await still(read);
    assert.equal(await read.innerText(), text);
    assert.notEqual(text, said);
    return text;
  };
  await tapped(page.locator('.mark').nth(5), '.inspector-title');
  await tapped(page.locator('.piece').first(), '.inspector-title');
  await page.locator('.treemap').scrollIntoViewIfNeeded();
  await tapped(page.locator('.tile').nth(1), '.treemap .picture-readout');
  await tapped(page.locator('.slab').nth(1), '.stack .picture-readout');
  await page.locator('#view-step').scrollIntoViewIfNeeded();
  await tapped(page.locator('.timeline-hit').first(), '.timeline-readout');
  await page.locator('#view-fit').scrollIntoViewIfNeeded();
  await mapped(page);
  const before = await hash(page);
  assert.match(await tapped(page.locator('.fit-map-hit'), '.fit-map-read'), /^\d+ × [\d,]+ tokens: .*\(a second tap takes it\)$/);
  assert.equal(await hash(page), before);
  const box = await still(page.locator('.fit-map-hit'));
  await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForFunction(() => /&batch=\d+/.test(location.hash));
  await page.locator('#view-formulas').scrollIntoViewIfNeeded();
  await page.locator('.strip .dot').first().waitFor();
  await tapped(page.locator('.strip .dot').first(), '.strip-readout');
  await context.close();
});

test('published formulas: a strip from the lowest to the highest, the chosen one explained, loaded when they are near', async ({ context, address }) => {
  const page = await context.newPage();
  const asked = [];
  page.on('request', (request) => asked.push(request.url().split('/').at(-1)));
  await page.goto(address);
  await page.waitForSelector('.answer-sentence');
  assert.ok(!asked.some((file) => file.startsWith('formula-views')), asked.join());
  await page.locator('#view-formulas').scrollIntoViewIfNeeded();
  await page.waitForSelector('.strip .dot');
  const dots = page.locator('.strip .dot');
  await dots.nth(29).waitFor();
  const bytes = async (column) => page.locator('.differences tbody tr').evaluateAll((rows, at) => rows.map((row) => Number(row.children[at].querySelector('data')?.value ?? 0)), column);
  const addsUp = async () => {
    for (const column of [1, 2]) {
      const all = await bytes(column);
      const total = all.pop();
      assert.equal(all.reduce((sum, n) => sum + n, 0), total, `column ${column}`);
    }
  };
  await addsUp();
  assert.equal((await bytes(2)).at(-1), 14281106188);
  await page.locator('.strip .dot[data-chosen]').focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  const name = await page.locator('.explained h3').innerText();
  assert.ok((await page.locator('.strip-readout').innerText()).startsWith(name.split('\u00a0')[0].slice(0, 10)), name);
  await page.locator('.switch input[name=extent][value=layer]').check();
  await becomes(() => bytes(2).then((all) => all.at(-1)), 411320344);
  await addsUp();
  await page.getByRole('button', { name: 'SimuMax' }).last().click();
  await says(page.locator('.explained h3'), /^SimuMax/);
  assert.match(await pointed(page.locator('.dot[data-formula=zero]'), () => page.locator('.strip-readout').innerText(), (text) => text.startsWith('ZeRO paper')), /^ZeRO paper: /);
});

test('a config.json that is no model, too large or hostile is refused, and the page stays', async ({ page }) => {
  await page.getByRole('button', { name: 'Import a config.json' }).click();
  const file = page.locator('.import input[type=file]');
  const fault = page.locator('.import-fault .fault');
  const give = (buffer) => file.setInputFiles({ name: 'config.json', mimeType: 'application/json', buffer: Buffer.from(buffer) });
  for (const [buffer, says] of [
    ['{"model_type":"llama"', /ends before/],
    [' '.repeat((1 << 20) + 1), /larger than 1 MiB/],
    [`{"a":${'['.repeat(100000)}`, /nested more than 32/],
    ['{"model_type":"llama","hidden_size":-1}', /hidden_size/],
    ['\u0000\u0001', /config\.json/],
    [`{"model_type":"llama","hidden_size":1e999,"num_hidden_layers":"<img src=x onerror=alert(1)>"}`, /hidden_size|num_hidden_layers/],
  ]) {
    await give(buffer);
    assert.match(await until(() => fault.allInnerTexts().then((texts) => texts.join()), (text) => says.test(text)), says);
    assert.equal(await kept(page), DEFAULT);
  }
  const small = '{"model_type":"gpt2","n_embd":768,"n_layer":12,"n_head":12,"vocab_size":50257}';
  await give(small + ' '.repeat((1 << 20) - small.length));
  await page.waitForFunction(() => location.hash.includes('family=gpt2'));
});

test('GiB, GB and bytes, never mixed, kept in the address', async ({ page }) => {
  const units = () => page.evaluate(() => [...document.querySelectorAll('.figure, .rounded, .chart text')].flatMap((e) => e.textContent.match(/\b([KMGT]i?B|kB)\b/g) ?? []));
  const choose = (value) => page.locator(`.switch input[value=${value}]`).check();
  assert.ok((await units()).length > 20 && (await units()).every((u) => u.endsWith('iB')));
  await choose('GB');
  await addressed(page, 'model=llama-3-8b&units=GB');
  await page.waitForFunction(() => document.querySelector('.answer-sentence').textContent.includes('14.3'));
  /* What is far from the window follows when there is nothing else to do. */
  const binary = (all) => all.filter((u) => u.endsWith('iB'));
  const then = await until(units, (all) => binary(all).length === 0);
  assert.ok(then.length > 20);
  assert.deepEqual(binary(then), []);
  await choose('bytes');
  await page.waitForFunction(() => !document.querySelector('.answer-sentence').textContent.includes('14.3'));
  await says(page.locator('.answer-sentence'), /14,281,106,188/);
  await choose('GiB');
  await addressed(page, 'model=llama-3-8b');
});

test('a config.json is imported; a bad one says so and changes nothing', async ({ page }) => {
  await page.getByRole('button', { name: 'Import a config.json' }).click();
  const text = page.getByLabel('config.json', { exact: true });
  await text.fill('{"model_type": "rwkv"}');
  await page.getByRole('button', { name: 'Use this model' }).click();
  await page.locator('.import-fault .fault').waitFor();
  assert.equal(await kept(page), DEFAULT);
  await text.fill('{"model_type":"gpt2","n_embd":768,"n_layer":12,"n_head":12,"vocab_size":50257,"n_positions":1024,"resid_pdrop":0.1,"embd_pdrop":0.1,"attn_pdrop":0.1,"activation_function":"gelu_new"}');
  await page.getByRole('button', { name: 'Use this model' }).click();
  await page.waitForFunction(() => location.hash.includes('family=gpt2'));
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  await field(page, 'batch').locator('input[type=text]').fill('8');
  await field(page, 'seq').locator('input[type=text]').fill('1024');
  await shows(page, '6,063,563,044');
});

test('a config.json pasted where nothing takes text is imported', async ({ page }) => {
  const paste = (text) =>
    page.evaluate((json) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text', json);
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
    }, text);
  await page.getByRole('button', { name: 'Import a config.json' }).waitFor();
  await paste('What is no JSON is not looked at.');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  await paste('{"model_type": "rwkv"}');
  await page.locator('.import-fault .fault').waitFor();
  assert.equal(await kept(page), DEFAULT);
  await paste('{"model_type":"gpt2","n_embd":768,"n_layer":12,"n_head":12,"vocab_size":50257,"n_positions":1024,"activation_function":"gelu_new"}');
  await page.waitForFunction(() => location.hash.includes('family=gpt2'));
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
});

test('a config.json dropped anywhere on the page is imported; a bad one opens the dialog and says so', async ({ page }) => {
  const drop = (text) =>
    page.evaluate((json) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([json], 'config.json', { type: 'application/json' }));
      const target = document.querySelector('.answer');
      for (const type of ['dragover', 'drop']) if (target.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))) throw new Error(`${type} is left to the browser`);
    }, text);
  await drop('{"model_type": "rwkv"}');
  await page.locator('dialog[open] .import-fault .fault').waitFor();
  assert.equal(await kept(page), DEFAULT);
  await drop('{"model_type":"gpt2","n_embd":768,"n_layer":12,"n_head":12,"vocab_size":50257,"n_positions":1024,"activation_function":"gelu_new"}');
  await page.waitForFunction(() => location.hash.includes('family=gpt2'));
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
});

test('the colours are the visitor\u2019s choice and stay after a reload', async ({ page }) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.locator('.switch input[value=light]').check();
  const light = await ground();
  await page.locator('.switch input[value=dark]').check();
  assert.notEqual(await ground(), light);
  const dark = await ground();
  await page.reload();
  await page.waitForSelector('.answer-sentence');
  assert.equal(await ground(), dark);
});

test('nothing jumps while typing: the inputs stay where they are', async ({ context, address }) => {
  for (const width of WIDTHS) {
    const page = await open(context, address, '', width);
    /* The first answer of the search stands above the inputs. */
    await page.locator('.fit-changes li').first().waitFor();
    /* On the page: what is typed into may be scrolled into sight. */
    const top = () => page.locator('.inputs').evaluate((e) => Math.round(e.getBoundingClientRect().top + scrollY));
    const before = await top();
    const input = field(page, 'seq').locator('input[type=text]');
    for (const text of ['1', '16', '163', '16384', '163840']) {
      await input.fill(text);
      assert.equal(await top(), before, `${width} px, ${text}`);
    }
    await page.close();
  }
});

test('nothing is wider than the page', async ({ context, address }) => {
  /* A page for those under tabs, and one for the others; what was drawn wider does not stay so. */
  for (const widths of [[390, 320], [1440, 820]]) {
    for (const query of ['', 'model=gpt2&batch=8&seq=1024&checkpoint=every:2', 'units=bytes']) {
      const page = await open(context, address, query, widths[0]);
      /* In bytes its figures are the longest. */
      if (query === 'units=bytes') await page.locator('.fit-changes li').first().waitFor();
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        await within(page, width, `${width} px ${query}`);
      }
      await page.close();
    }
  }
});

test('at phone width one view at a time, under tabs', async ({ context, address }) => {
  const page = await context.newPage();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(address);
  await page.waitForSelector('[role=tab]');
  assert.equal(await page.locator('[role=tabpanel]:visible').count(), 1);
  await page.getByRole('tab', { name: 'Tensors' }).click();
  await page.locator('#view-tensors').waitFor();
  assert.equal(await page.locator('[role=tabpanel]:visible').count(), 1);
  await page.keyboard.press('ArrowRight');
  await page.locator('#view-example').waitFor();
});

test('the row of tabs shows on which side there are more, and brings the chosen one into sight', async ({ context, address }) => {
  const page = await context.newPage();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(address);
  await page.waitForSelector('[role=tab]');
  const row = page.locator('.tabs');
  const more = async (wanted) => {
    await page.waitForFunction((w) => document.querySelector('.tabs').dataset.more === w, wanted);
    return row.evaluate((e) => ['::before', '::after'].map((part) => getComputedStyle(e, part).content.includes(part === '::before' ? '‹' : '›')));
  };
  assert.deepEqual(await more('after'), [false, true]);
  await page.getByRole('tab', { name: 'Checkpointing' }).click();
  assert.deepEqual(await more('before after'), [true, true]);
  const last = page.getByRole('tab').last();
  await last.focus();
  await page.keyboard.press('End');
  assert.deepEqual(await more('before'), [true, false]);
  const box = await last.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 390, JSON.stringify(box));
});

test('at phone width no table, formula or chart of a page has a part out of sight', async ({ browser, address, watch }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, serviceWorkers: 'block' });
  watch(context);
  const page = await context.newPage();
  /* What goes on beyond the edge of its own box. */
  const cut = () => page.evaluate(() => [...document.querySelectorAll('main .scroll, main svg.chart, main math, .coefficients-formula')].filter((e) => e.checkVisibility() && (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible' || e.getBoundingClientRect().right > innerWidth + 1)).map((e) => e.getAttribute('aria-label') ?? e.outerHTML.slice(0, 120)));
  for (const [file, there] of [['zero.html', '.parts td data'], ['accumulation.html', '.parts td data'], ['gpu.html#device=rtx-4090', '.related-models td data'], ['learn.html', '.coefficients-formula math']]) {
    await page.goto(address + file);
    if (file === 'learn.html') await page.evaluate(() => document.getElementById('coefficients').scrollIntoView());
    await page.locator(there).first().waitFor();
    await becomes(cut, [], file);
  }
  await page.goto(address);
  await page.getByRole('tab', { name: 'Formulas' }).click();
  await page.locator('.differences').waitFor();
  await becomes(cut, []);
  await context.close();
});

test('wider, every section is a click away with the answer in sight, and the headings take the focus', async ({ page }) => {
  const nav = page.getByRole('navigation', { name: 'Sections' });
  const labels = await nav.getByRole('button').allInnerTexts();
  assert.deepEqual(labels, ['Bytes', 'Tensors', 'Example', 'Checkpointing', 'Step', 'Fit', 'State', 'Compare', 'Formulas', 'Your GPU']);
  assert.equal(await page.locator('main section.view').count(), labels.length);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await nav.getByRole('button', { name: 'Step' }).click();
  await becomes(() => page.evaluate(() => document.activeElement.id), 'title-step');
  const top = await until(() => page.locator('#view-step').evaluate((e) => e.getBoundingClientRect().top), (px) => px >= 0 && px < 60);
  assert.ok(top >= 0 && top < 60, `${top}`);
  await nav.getByRole('button', { name: 'Step' }).and(page.locator('[aria-current=true]')).waitFor();
  assert.ok(await nav.isVisible());
  assert.match(await page.locator('.sections-answer').innerText(), /^13\.3\sGiB kept, 15\.3\sGiB peak/);
});

test('at 200 % zoom everything is still there, and nothing is wider than the page', async ({ browser, address, watch }) => {
  /* A window of 1,440 px at 200 % is one of 720 CSS pixels at twice the density. */
  for (const width of [720, 410]) {
    const context = await browser.newContext({ viewport: { width, height: 450 }, deviceScaleFactor: 2 });
    watch(context);
    const page = await open(context, address, 'model=llama-3-8b&seq=8192');
    await page.locator('.fit-changes li').first().waitFor();
    await within(page, width);
    for (const box of ['.fit-changes button', '.fit-picker select', '[data-field=seq] input[type=text]']) {
      const { x, width: wide } = await page.locator(box).first().boundingBox();
      assert.ok(x >= 0 && x + wide <= width, `${width} px: ${box}`);
    }
    await context.close();
  }
});

test('with text at 200 % nothing is cut off', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&seq=8192');
  await page.locator('.fit-changes li').first().waitFor();
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  await within(page, 1440);
  const cut = () => page.locator('.fit-changes li, .answer, .field-head label, .button, .button-line').evaluateAll((all) => all.filter((e) => e.offsetParent !== null && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 2) && getComputedStyle(e).overflow !== 'visible').map((e) => e.className));
  await becomes(cut, []);
});

test('what moves does not where the visitor wants no motion', async ({ browser, address, watch }) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  watch(context);
  const page = await open(context, address);
  const moving = await page.evaluate(() => [...document.querySelectorAll('*')].filter((e) => {
    const { transitionDuration, animationName } = getComputedStyle(e);
    return animationName !== 'none' || transitionDuration.split(',').some((d) => parseFloat(d) > 0);
  }).map((e) => e.className.baseVal ?? e.className));
  assert.deepEqual(moving, []);
  await context.close();
});

test('a core that does not arrive is said, with what to do', async ({ context, address }) => {
  const page = await context.newPage();
  await page.route('**/core-*.wasm', (route) => route.fulfill({ status: 404 }));
  page.expected = /404/;
  await page.goto(address);
  await page.getByRole('heading', { name: 'could not be loaded' }).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Try again' }).isVisible());
});

test('without JavaScript the page says what it is, with a number', async ({ browser, address }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(address);
  const text = await page.locator('body').innerText();
  assert.match(text, /14,281,106,188 bytes/);
  assert.match(text, /needs JavaScript/);
  await context.close();
});

test('the policy allows nothing inline, nothing from elsewhere', async ({ page }) => {
  const policy = await page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content');
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval'(;|$)/);
  assert.match(policy, /style-src 'self'(;|$)/);
  assert.ok(!/unsafe-inline|'unsafe-eval'/.test(policy));
});

/** A page beside the calculator, once its figures are there. */
const related = async (context, address, path, ready = '.parts data') => {
  const page = await context.newPage();
  await page.goto(address + path);
  await page.waitForSelector(ready);
  return page;
};

test('memory per GPU with ZeRO has an address, a title and the core’s totals', async ({ context, address }) => {
  const page = await related(context, address, 'zero.html#model=llama-3-8b&dp=16');
  const totals = () => page.locator('.parts tbody td.number data').evaluateAll((all) => all.map((e) => Number(e.value)));
  const expected = [];
  for (const zero of [0, 1, 2, 3]) expected.push((await evaluated(`model=llama-3-8b&dp=16&zero=${zero}`)).fit.total_bytes);
  await becomes(totals, expected);
  assert.match(await until(() => page.title(), (title) => /16 GPUs/.test(title)), /^Memory per GPU with ZeRO and FSDP: Llama 3 8B on 16 GPUs/);
  await says(page.locator('.related-answer'), /^Llama 3 8B on 16 GPUs, .* 60\.1\sGiB .* by ZeRO 3/s);
  await page.locator('.series-dot').first().focus();
  await says(page.locator('.series .picture-readout'), /^Data parallel alone, 2 GPUs: 60\.1\sGiB$/);
  await field(page, 'seq').locator('input[type=text]').fill('0');
  await page.locator('.related-fault .fault').waitFor();
  await field(page, 'seq').locator('input[type=text]').fill('2048');
  await page.getByRole('link', { name: 'ZeRO 3, FSDP' }).click();
  await page.waitForSelector('.answer-sentence');
  assert.match(await hash(page), /zero=3/);
});

test('gradient accumulation: the same sequences cut differently', async ({ context, address }) => {
  const page = await related(context, address, 'accumulation.html');
  await addressed(page, 'model=llama-3-8b&micro_batches=8');
  const totals = () => page.locator('.parts tbody td.number data').evaluateAll((all) => all.map((e) => Number(e.value)));
  const expected = [];
  for (const [batch, count] of [[8, 1], [4, 2], [2, 4], [1, 8]]) expected.push((await evaluated(`model=llama-3-8b&batch=${batch}&micro_batches=${count}`)).fit.total_bytes);
  await becomes(totals, expected);
  await says(page.locator('.related-answer'), /8 sequences per step takes 167\sGiB as one micro-batch, and 75\.1\sGiB as 8 micro-batches/);
});

test('what a GPU can train: every model of the table, in full and with adapters', async ({ context, address }) => {
  const page = await related(context, address, 'gpu.html#device=rtx-4090', '.related-models td data');
  const presets = JSON.parse(await readFile(join(root, 'build/tables.json'), 'utf8')).presets.length;
  await page.locator('.validation-filter p', { hasText: `${presets} of ${presets} models` }).waitFor();
  const row = page.locator('.related-models tr', { has: page.getByText('Llama 3.2 1B', { exact: true }) });
  const totals = await row.locator('data').evaluateAll((all) => all.map((e) => Number(e.value)));
  const expected = [];
  for (const query of ['', '&checkpoint=full', '&trainable=lora', '&trainable=lora&checkpoint=full']) expected.push((await evaluated(`model=llama-3.2-1b&device=rtx-4090${query}`)).fit.total_bytes);
  assert.deepEqual(totals, expected);
  const short = page.locator('.related-models tr', { has: page.getByText('GPT-2 124M', { exact: true }) });
  assert.deepEqual((await short.locator('td').allInnerTexts()).slice(1), Array(4).fill('–')); // 1,024 positions, and the page says 2,048 tokens
  assert.match(await page.locator('.related-answer').innerText(), /^NVIDIA GeForce RTX 4090 trains models up to /);
  await page.getByLabel('only what fits').check();
  const rows = page.locator('.related-models tbody tr');
  assert.ok((await rows.count()) < presets);
  for (const text of (await rows.allInnerTexts()).slice(0, 40)) assert.match(text, /✓/);
  await page.getByLabel('Search').fill('qwen3');
  assert.ok((await rows.allInnerTexts()).every((text) => /qwen3/i.test(text)));
});

/* Every sentence that ever stood there is true of its inputs: nothing half old, half new on the way. */
test('a related page goes from one answer to the next, with nothing in between', async ({ context, address }) => {
  const page = await context.newPage();
  await page.addInitScript(() => {
    globalThis.answers = new Set();
    new MutationObserver(() => {
      const answer = document.querySelector('.related-answer');
      if (answer !== null) globalThis.answers.add(answer.textContent);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  for (const [file, key, value, first, last] of [
    ['zero', 'dp', '16', /^Llama 3 8B on 8 GPUs/, /^Llama 3 8B on 16 GPUs/],
    ['accumulation', 'micro_batches', '4', /^Llama 3 8B with 8 sequences/, /^Llama 3 8B with 4 sequences/],
  ]) {
    await page.goto(`${address}${file}.html`);
    await page.locator('td data').first().waitFor();
    await field(page, key).locator('input[type=text]').fill(value);
    await page.waitForFunction((there) => new RegExp(there).test(document.querySelector('.related-answer')?.textContent ?? ''), last.source);
    await page.locator('.related-body:not([data-waiting])').waitFor();
    const answers = await page.evaluate(() => [...globalThis.answers]);
    assert.equal(answers.length, 2, answers.join('\n'));
    assert.match(answers[0], first);
    assert.match(answers[1], last);
    for (const answer of answers) assert.match(answer, /takes .*\sGiB/);
  }
});

test('a related page whose calculator does not arrive says so, with what to do', async ({ context, address }) => {
  const page = await context.newPage();
  page.expected = /404/;
  await page.route('**/whole-*.wasm', (route) => route.fulfill({ status: 404 }));
  await page.goto(`${address}zero.html`);
  await page.getByRole('heading', { name: 'could not be loaded' }).waitFor();
  assert.match(await page.locator('main').innerText(), /whole\.wasm: 404/);
  assert.ok(await page.getByRole('button', { name: 'Try again' }).isVisible());
});

test('without JavaScript a related page says what it answers', async ({ browser, address }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const live = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
  for (const [file, text] of [['zero', /shards across data-parallel GPUs/], ['accumulation', /gradients live through all micro-batches/], ['gpu', /has to hold parameters, gradients/]]) {
    await page.goto(`${address}${file}.html`);
    assert.match(await page.locator('main').innerText(), text);
    assert.match(await page.locator('main').innerText(), /build\/actmem model=/);
    /* Its answer is the one that the page computes, and stands there from the first paint on. */
    const stated = await page.locator('.related-answer').innerText();
    await live.goto(`${address}${file}.html`);
    assert.equal(await live.locator('.related-answer').innerText(), stated);
    await live.locator('.related-body:not([data-waiting]) td data').first().waitFor();
    if (file === 'gpu') await live.getByText(/\b(\d+) of \1 models/).waitFor();
    assert.equal(await live.locator('.related-answer').innerText(), stated);
    const totals = (of) => of.locator('td data').evaluateAll((all) => all.map((e) => e.value));
    if (file !== 'gpu') assert.deepEqual(await totals(page), await totals(live));
    assert.ok((await page.locator('meta[name=description]').getAttribute('content')).length > 80);
  }
  await live.context().close();
  await context.close();
});

test('the related answers are linked from the calculator, with its configuration', async ({ context, address }) => {
  const page = await open(context, address, 'model=gpt2&batch=2');
  const links = page.getByRole('navigation', { name: 'Related answers' }).getByRole('link');
  assert.equal(await links.count(), 3);
  await links.nth(1).click();
  await page.waitForSelector('.parts data');
  assert.match(await page.locator('h1').innerText(), /Gradient accumulation/);
  await addressed(page, 'model=gpt2&micro_batches=2');
});

for (const colorScheme of SCHEMES) {
  for (const width of WIDTHS) {
    test(`axe finds nothing on the related pages at ${width} px, ${colorScheme}`, async ({ browser, address, watch }) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
      watch(context);
      for (const [path, ready] of [['zero.html', '.parts data'], ['accumulation.html', '.parts data'], ['gpu.html#device=rtx-4090', '.related-models td data']]) {
        const page = await related(context, address, path, ready);
        await page.locator('nav.related-links').waitFor();
        await within(page, width, path);
        await page.addScriptTag({ path: axeSource });
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.any.map((a) => a.message).join(' ')}`)).slice(0, 8), [], path);
        await page.close();
      }
      await context.close();
    });
  }
}

/** The Validation page, from the link on the calculator's. */
const validation = async (context, address, width = 1440) => {
  const page = await open(context, address, '', width);
  await page.getByRole('link', { name: 'Validation' }).click();
  await page.waitForSelector('.cases tbody tr');
  return page;
};

test('every measured case stands on the Validation page, filtered, sorted, with the command that repeats it', async ({ context, address }) => {
  const page = await validation(context, address);
  const rows = page.locator('.cases tbody tr');
  const data = JSON.parse(await readFile(join(root, 'build/validation.json'), 'utf8'));
  assert.ok(data.rows.length >= 500);
  assert.ok((await rows.count()) < data.rows.length);
  await page.getByRole('button', { name: /^Show the other / }).click();
  await becomes(() => rows.count(), data.rows.length);
  assert.match(await page.locator('.validation-answer').innerText(), new RegExp(`^${data.rows.length.toLocaleString('en-US')} measured cases, `));
  const wrong = data.rows.filter((row) => row[4] !== null).length;
  await page.getByLabel('only what differs').check();
  await becomes(() => page.locator('.cases tr[data-wrong]').count(), wrong);
  await page.getByLabel('only what differs').uncheck();
  await page.getByLabel('Search').fill('gpt2 eager');
  const names = await rows.locator('th').allInnerTexts();
  assert.ok(names.length > 0 && names.every((name) => /gpt2/i.test(name) && /eager/i.test(name)), names[0]);
  await page.getByLabel('Search').fill('');
  await page.getByRole('button', { name: 'Kept, measured' }).click();
  const kept = await rows.evaluateAll((all) => all.map((row) => Number(row.children[1].querySelector('data')?.value ?? -1)));
  assert.deepEqual(kept, [...kept].sort((a, b) => a - b));
  assert.match(await page.locator('.command').first().innerText(), /^build\/actmem .*seq=/);
});

test('public measurements stand beside ours, and each opens in the calculator', async ({ context, address }) => {
  const page = await validation(context, address);
  const table = page.getByRole('region', { name: 'Public measurements' });
  assert.ok((await table.locator('tbody tr').count()) >= 6);
  await table.getByRole('link', { name: /^LLaMA 7B/ }).click();
  await page.waitForSelector('.answer-sentence');
  assert.match(await page.locator('.answer-sentence').innerText(), /^LLaMA 7B at 512 tokens × 8 sequences/);
});

test('a Validation page whose data does not arrive says so', async ({ context, address }) => {
  const page = await context.newPage();
  page.expected = /404/;
  await page.route('**/validation-*.json', (route) => route.fulfill({ status: 404 }));
  await page.goto(`${address}validation.html`);
  await page.getByText('could not be loaded').waitFor();
});

for (const colorScheme of SCHEMES) {
  for (const width of WIDTHS) {
    test(`axe finds nothing on the Validation page at ${width} px, ${colorScheme}`, async ({ browser, address, watch }) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
      watch(context);
      const page = await validation(context, address, width);
      await page.getByLabel('Search').fill('gpt2');
      await within(page, width);
      await page.addScriptTag({ path: axeSource });
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      assert.deepEqual(violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.any.map((a) => a.message).join(' ')}`)).slice(0, 8), []);
      await context.close();
    });
  }
}

for (const colorScheme of SCHEMES) {
  for (const width of WIDTHS) {
    test(`axe finds nothing in what fits and in the frontier at ${width} px, ${colorScheme}`, async ({ browser, address, watch }) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
      watch(context);
      const page = await open(context, address, 'model=llama-3-8b&seq=8192&checkpoint=save:matmuls');
      await page.locator('.fit-changes li').first().waitFor();
      const tab = page.getByRole('tab', { name: 'Checkpointing' });
      if (width < 600) await tab.click();
      await page.locator('.checkpointing-chart').scrollIntoViewIfNeeded();
      await page.locator('.knot').first().waitFor({ state: 'attached' });
      await page.locator('.frontier-table summary').click();
      await page.locator('.plan-lines summary').click();
      await within(page, width);
      await page.addScriptTag({ path: axeSource });
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      assert.deepEqual(violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.any.map((a) => a.message).join(' ')}`)).slice(0, 8), []);
      await context.close();
    });
    test(`axe finds nothing in ranks and the map at ${width} px, ${colorScheme}`, async ({ browser, address, watch }) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
      watch(context);
      const page = await open(context, address, 'model=llama-3-70b&stack=megatron&seq=8192&tp=8&pp=4&checkpoint=full');
      await page.locator('#view-ranks').waitFor({ state: 'attached' });
      await page.addScriptTag({ path: axeSource });
      for (const id of ['step', 'ranks', 'fit']) {
        if (width < 600) await page.locator(`#tab-${id}`).click();
        await page.locator(`#view-${id}`).scrollIntoViewIfNeeded();
        if (id === 'ranks') await page.waitForSelector('.ranks');
        if (id === 'fit') await mapped(page);
        await within(page, width, id);
        const { violations } = await page.evaluate((view) => globalThis.axe.run(view, { resultTypes: ['violations'] }), `#view-${id}`);
        assert.deepEqual(violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.any.map((a) => a.message).join(' ')}`)).slice(0, 8), []);
      }
      await context.close();
    });
    test(`axe finds nothing at ${width} px, ${colorScheme}`, async ({ browser, address, watch }) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
      watch(context);
      for (const query of ['', 'model=llama-3-8b&checkpoint=full&seq=0']) {
        const page = await open(context, address, query);
        await page.addScriptTag({ path: axeSource });
        const tabs = await page.locator('[role=tab]').count();
        for (let i = 0; i < Math.max(1, tabs); i++) {
          if (tabs > 0) await page.locator('[role=tab]').nth(i).click();
          if (i === 0) await page.locator('.inputs-rest details').evaluate((d) => (d.open = true));
          const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
          const found = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.any.map((a) => a.message).join(' ')}`));
          assert.deepEqual(found.slice(0, 8), [], `tab ${i}`);
        }
        await page.close();
      }
      await context.close();
    });
  }
}

/* ---- the lessons */

const learn = async (context, address, hash = '') => {
  const page = await context.newPage();
  await page.goto(`${address}learn.html${hash === '' ? '' : `#${hash}`}`);
  await page.waitForSelector('[data-live]');
  return page;
};
const figure = (page, name) => page.locator(`.lead [data-figure="${name}"]`);
/** The game, once its part has been loaded. */
const board = async (page) => {
  await page.locator('#checkpointing').scrollIntoViewIfNeeded();
  await page.locator('.board').waitFor();
  return page.locator('[data-layer]');
};
const laid = (page) => page.locator('.game-said a').getAttribute('href').then((href) => /checkpoint=(regions:[\dx,]*)/.exec(decodeURIComponent(href))[1]);

test('the lessons follow the calculator\u2019s inputs, and it theirs', async ({ page }) => {
  await field(page, 'seq').locator('input[type=text]').fill('8192');
  await addressed(page, 'model=llama-3-8b&seq=8192');
  await page.getByRole('link', { name: 'Learn' }).click();
  await page.waitForSelector('[data-live]');
  assert.equal(await hash(page), 'model=llama-3-8b&seq=8192');
  const said = await evaluated('model=llama-3-8b&seq=8192');
  assert.equal(await figure(page, 'saved').getAttribute('title'), `${said.saved.bytes.toLocaleString('en-US')}\u00a0bytes`);
  await page.locator('#coefficients').scrollIntoViewIfNeeded();
  await page.locator('.terms').first().waitFor();
  await becomes(() => page.locator('.coefficients-bytes b').innerText(), said.saved.layers[0].bytes.toLocaleString('en-US'));
  await field(page, 'attention').locator('select').selectOption('eager');
  await page.waitForFunction(() => document.querySelector('.term msup') !== null);
  await page.getByRole('link', { name: 'Calculator', exact: true }).click();
  await page.waitForSelector('.answer-sentence');
  await addressed(page, 'model=llama-3-8b&seq=8192&attention=eager');
});

test('without JavaScript the lessons are all there, with numbers', async ({ browser, address }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${address}learn.html`);
  const text = await page.locator('main').innerText();
  for (const part of ['keeps 13.3\u00a0GiB for its backward pass', 'What popular explanations get wrong', '6.44\u00a0billion', 'checkpoint=regions:8x1,12x0,3x4']) assert.ok(text.includes(part), part);
  await page.getByText('A little accuracy for memory').click();
  await page.locator('.faq summary').first().click();
  assert.match(await page.locator('.faq details').first().innerText(), /Korthikanti et al\. 2022/);
  await context.close();
});

test('claims are computed from the inputs that they link to', async ({ context, address }) => {
  const page = await learn(context, address, 'units=GB');
  const claim = page.locator('.claim', { hasText: 'A batch of 21 fits' });
  await claim.scrollIntoViewIfNeeded();
  const link = claim.getByRole('link').first();
  await page.waitForFunction((element) => element.title !== '', await link.elementHandle());
  const said = await evaluated((await link.getAttribute('href')).split('#')[1]);
  assert.equal(await link.getAttribute('title'), `${said.fit.total_bytes.toLocaleString('en-US')}\u00a0bytes`);
  assert.match(await link.innerText(), /GB$/);
  assert.equal(said.fit.fits, false);
  await link.click();
  await page.waitForSelector('.answer-sentence');
  assert.match(await page.locator('.answer-sentence').innerText(), /21 sequences/);
});

test('checkpoints are placed by pointer and keyboard, played by the core and held against the exact frontier', async ({ context, address }) => {
  const page = await learn(context, address);
  const cells = await board(page);
  assert.equal(await cells.count(), 32);
  const place = page.getByRole('group', { name: /^Layers, from the embedding/ });
  await cells.nth(0).click();
  await cells.nth(1).click();
  assert.equal(await laid(page), 'regions:2x1,30x0');
  await page.getByRole('radio', { name: 'join the one before' }).check();
  await cells.nth(2).click();
  await cells.nth(31).focus();
  await page.keyboard.press('c');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('c');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  assert.equal(await laid(page), 'regions:1,2,27x0,2');
  assert.equal(await place.getByRole('button').nth(31).getAttribute('aria-label'), 'Layer 31: is recomputed with the layer before it');
  await page.keyboard.press('k');
  await page.keyboard.press('Home');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.layer), '0');
  assert.equal(await laid(page), 'regions:1,2,27x0,1,0');
  const said = await evaluated('model=llama-3-8b&checkpoint=regions:1,2,27x0,1,0&frontier=yes');
  const plan = said.checkpoint.plans.find((p) => p.chosen);
  const values = () => page.locator('.game-score data').evaluateAll((all) => all.map((element) => Number(element.value)));
  assert.deepEqual(await values(), [Math.max(plan.forward_peak_bytes, plan.backward_peak_bytes), plan.saved_bytes]);
  await page.getByText('Against the exact frontier').waitFor();
  await says(page.locator('.game-said'), new RegExp(`${plan.excess_time_us >= 999.5 ? (plan.excess_time_us / 1e3).toPrecision(3).replace('.', '\\.') : ''}.*ms could be saved at this peak`));
  assert.equal(await page.locator('.goals tr[data-done]').count(), 0);
  await page.getByRole('button', { name: 'every layer' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.goals tr[data-done]').length === 3);
  await page.getByRole('link', { name: 'Open this plan in the calculator' }).click();
  await page.waitForSelector('.answer-sentence');
  await page.waitForFunction(() => document.querySelector('.answer-sentence').textContent.includes('regions:32x1'));
});

test('drawing over layers places what is chosen on each', async ({ context, address }) => {
  const page = await learn(context, address);
  const cells = await board(page);
  /* What loads above and below it moves it. */
  await page.locator('.knot').first().waitFor({ state: 'attached' });
  await page.locator('.board').scrollIntoViewIfNeeded();
  await still(page.locator('.board'));
  const [from, to] = await Promise.all([cells.nth(4).boundingBox(), cells.nth(7).boundingBox()]);
  await page.mouse.move(from.x + 8, from.y + 20);
  await page.mouse.down();
  await page.mouse.move(to.x + 8, to.y + 20, { steps: 12 });
  await page.mouse.up();
  await becomes(() => laid(page), 'regions:4x0,4x1,24x0');
});

test('a finger drawn sideways over layers places what is chosen on each; upwards it scrolls', async ({ browser, address, watch }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, serviceWorkers: 'block' });
  watch(context);
  const page = await learn(context, address);
  const cells = await board(page);
  /* What loads above and below it moves it. */
  await page.locator('.knot').first().waitFor({ state: 'attached' });
  await page.locator('.board').evaluate((element) => element.scrollIntoView({ block: 'center' }));
  await still(page.locator('.board'));
  const client = await context.newCDPSession(page);
  const touch = (type, x, y) => client.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] });
  const swipe = async (from, dx, dy) => {
    await touch('touchStart', from.x + 8, from.y + 20);
    for (let i = 1; i <= 16; i++) await touch('touchMove', from.x + 8 + (dx * i) / 16, from.y + 20 + (dy * i) / 16);
    await touch('touchEnd');
  };
  const at = (i) => cells.nth(i).boundingBox();
  const [from, to] = [await at(2), await at(5)];
  await swipe(from, to.x - from.x, 0);
  await becomes(() => laid(page), 'regions:2x0,4x1,26x0');
  /* Chromium takes a tap soon after it for the end of a fling. */
  const then = 'regions:2x0,4x1,2x0,1,23x0';
  const tapped = async () => {
    await cells.nth(8).tap();
    await still(cells.nth(8));
    return laid(page);
  };
  assert.equal(await until(tapped, (now) => now === then), then);
  const before = await page.evaluate(() => scrollY);
  await swipe(await at(3), 0, -200);
  await page.waitForFunction((y) => scrollY > y + 50, before);
  assert.equal(await laid(page), then);
  await context.close();
});

test('the lessons show what grows with the sequence, to the byte, and each length opens in the calculator', async ({ context, address }) => {
  const page = await learn(context, address, 'model=gpt2&seq=512&stack=nanogpt');
  await page.locator('[data-part=lengths]').scrollIntoViewIfNeeded();
  const row = (tokens) => page.locator('[data-part=lengths] tr', { has: page.getByRole('rowheader', { name: tokens, exact: true }) });
  await row('512 tokens').locator('td data').first().waitFor();
  for (const seq of [512, 1024]) {
    const { fit } = await evaluated(`model=gpt2&seq=${seq}&stack=nanogpt`);
    assert.equal(await row(`${seq.toLocaleString('en-US')} tokens`).locator('td data').getAttribute('value'), String(fit.total_bytes));
  }
  assert.match(await row('2,048 tokens').innerText(), /1024|1,024/, 'GPT-2 has no more positions');
  await row('1,024 tokens').getByRole('link').click();
  await page.waitForSelector('.answer-sentence');
  await shows(page, (await evaluated('model=gpt2&stack=nanogpt')).saved.bytes.toLocaleString('en-US'));
});

test('a model that regions don\u2019t cover says so in the game, and offers another', async ({ context, address }) => {
  const page = await learn(context, address, 'model=gpt3-175b&stack=paper');
  await page.locator('#checkpointing').scrollIntoViewIfNeeded();
  await page.locator('.game-not .fault').waitFor();
  assert.match(await page.locator('.game-not').innerText(), /can\u2019t be played with these inputs: the paper keeps/i);
});

test('the quiz judges, says why and counts', async ({ context, address }) => {
  const page = await learn(context, address);
  const questions = page.locator('.quiz fieldset');
  assert.ok((await questions.count()) >= 10);
  const first = questions.first();
  await first.getByRole('radio').nth(1).check();
  assert.match(await first.locator('.judged').innerText(), /Not quite/);
  assert.ok(await first.locator('details p').isVisible());
  await first.locator('[data-right]').check();
  assert.match(await first.locator('.judged').innerText(), /Right/);
  assert.match(await page.locator('.score').innerText(), /^1 of 1 right, /);
  for (const question of await questions.all()) assert.equal(await question.locator('[data-right]').count(), 1);
});

test('a citation shows its reference, by pointer and keyboard, until Escape', async ({ context, address }) => {
  const page = await learn(context, address);
  /* What loads round it moves it. */
  await board(page);
  await page.locator('.knot').first().waitFor({ state: 'attached' });
  for (const link of await page.locator('a.cite').all()) assert.equal(await page.locator(await link.getAttribute('href')).evaluate((li) => `[${[...li.parentElement.children].indexOf(li) + 1}]`), await link.textContent());
  const chen = page.locator('a.cite[href="#ref-chen"]');
  assert.equal(await pointed(chen, () => page.locator('.cite-card a').count(), (cards) => cards === 1), 1);
  assert.match(await page.locator('.cite-card').innerText(), /T\. Chen.*Sublinear Memory Cost/);
  await page.locator('h1').hover();
  await page.locator('.cite-card').waitFor({ state: 'detached' });
  await chen.focus();
  assert.equal(await chen.getAttribute('aria-describedby'), await page.locator('.cite-card').getAttribute('id'));
  await page.keyboard.press('Escape');
  await page.locator('.cite-card').waitFor({ state: 'detached' });
});

test('a section of the lessons is gone to without losing the inputs', async ({ context, address }) => {
  const page = await learn(context, address, 'model=gpt2');
  await page.getByRole('navigation', { name: 'On this page' }).getByRole('link', { name: 'Quiz' }).click();
  await page.waitForFunction(() => document.activeElement.id === 'quiz');
  assert.equal(await hash(page), 'model=gpt2');
  const deep = await learn(context, address, 'wrong');
  assert.equal(await hash(deep), '');
  assert.equal(await deep.locator('.inputs .fault').count(), 0);
  await deep.waitForFunction(() => scrollY > 1000);
});

test('lessons whose core does not arrive say so and stay readable', async ({ context, address }) => {
  const page = await context.newPage();
  page.expected = /404/;
  await page.route('**/core-*.wasm', (route) => route.fulfill({ status: 404 }));
  await page.goto(`${address}learn.html`);
  await page.getByText('could not be loaded').waitFor();
  assert.match(await page.locator('main').innerText(), /keeps 13\.3\sGiB for its backward pass/);
});

for (const colorScheme of SCHEMES) {
  for (const width of WIDTHS) {
    test(`axe finds nothing in the lessons at ${width} px, ${colorScheme}`, async ({ browser, address, watch }) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
      watch(context);
      const page = await learn(context, address);
      for (const id of ['what', 'coefficients', 'code', 'checkpointing', 'wrong', 'quiz']) await page.locator(`#${id}`).scrollIntoViewIfNeeded();
      const cells = await board(page);
      await cells.nth(3).click();
      await page.locator('.terms').first().waitFor();
      await page.locator('.knot').first().waitFor({ state: 'attached' });
      await page.locator('.quiz input').first().check();
      for (const details of await page.locator('.learn article details').all()) await details.evaluate((element) => (element.open = true));
      await within(page, width);
      await page.addScriptTag({ path: axeSource });
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      assert.deepEqual(violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.any.map((a) => a.message).join(' ')}`)).slice(0, 8), []);
      await context.close();
    });
  }
}

test('on a phone the tables of policies and of conventions keep within the page', async ({ context, address }) => {
  const page = await open(context, address, 'model=llama-3-8b&seq=8192&checkpoint=budget:30GiB', 375);
  for (const [tab, table] of [['checkpointing', '.plans'], ['state', '.scroll:has(> .conventions)']]) {
    await page.locator(`#tab-${tab}`).click();
    const region = page.locator(table);
    /* What stands below each peak comes with the frontier, which is searched when its chart is near. */
    if (tab === 'checkpointing') {
      await page.locator('.checkpointing-chart').scrollIntoViewIfNeeded();
      await region.locator('td .rounded', { hasText: 'above' }).first().waitFor();
    }
    assert.ok(await region.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth), tab);
  }
  const labels = await page.locator('.conventions tbody tr').first().locator('td').evaluateAll((cells) =>
    cells.map((cell) => {
      const range = document.createElement('canvas').getContext('2d');
      const { fontSize, fontFamily } = getComputedStyle(cell, '::before');
      range.font = `${fontSize} ${fontFamily}`;
      return cell.clientWidth - range.measureText(cell.dataset.label).width;
    }),
  );
  assert.ok(labels.every((room) => room >= 0), `a heading is wider than its column: ${labels}`);
});

test('printed, the page is as wide as the paper and has nothing that waits to be chosen', async ({ page }) => {
  await page.setViewportSize({ width: 720, height: 900 });
  await page.locator('#view-formulas').scrollIntoViewIfNeeded();
  await page.locator('.formulas').waitFor();
  await page.emulateMedia({ media: 'print' });
  await within(page, 720);
  for (const hidden of ['.compare-tools', '#view-compare', '#view-gpu']) assert.ok(await page.locator(hidden).first().isHidden(), hidden);
});

test('a page that is made wide and narrow again lets its tabs go and has them back', async ({ page }) => {
  for (const [width, tabs] of [[390, 1], [1440, 0], [390, 1], [820, 0], [390, 1]]) {
    await page.setViewportSize({ width, height: 900 });
    await becomes(() => page.locator('.tabs').count(), tabs);
  }
});

test('where the rest of the calculator does not arrive the page says so in whole sentences', async ({ context, address }) => {
  const page = await context.newPage();
  page.expected = /404/;
  await page.route('**/whole-*.wasm', (route) => route.fulfill({ status: 404 }));
  await page.goto(`${address}#model=mixtral-8x7b`);
  await says(page.locator('.answer-stale'), /^The rest of the calculator could not be loaded: whole\.wasm: 404[^.]*\. Reload the page to try again\. Showing the default configuration\.$/);
});

/* ---- run */
const only = process.argv[2];
const server = await serve();
/* Half the time of the tests is waiting, and they share nothing but the server: two at once, each in a browser of its own. */
const browsers = await Promise.all([launch(), launch()]);

/** One try of a test, in a context of its own: throws what failed. */
async function attempt(run, browser) {
  const faults = [];
  /* Of a context that a test makes itself, to hold it to the same; `address` if another server's. */
  const watch = (context, address = server.address) => {
    const { origin } = new URL(address);
    context.on('page', (page) => {
      const note = (text) => {
        if (!page.expected?.test(text) && !/registration blocked by Playwright/.test(text)) faults.push(text);
      };
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') note(`console: ${message.text()}`);
      });
      page.on('pageerror', (error) => note(`error: ${error.message}`));
      page.on('request', (request) => {
        if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) note(`request: ${request.url()}`);
      });
    });
  };
  /* A test of the service worker makes its own. */
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: 'block' });
  watch(context);
  const given = { browser, context, address: server.address, watch };
  try {
    /* A page of its own, if the test asks for one. */
    if (/\bpage\b/.test(run.toString().split('=>')[0])) given.page = await open(context, server.address);
    await run(given);
    assert.deepEqual(faults, [], 'console, errors, requests');
  } catch (error) {
    error.message = [error.message, ...faults.slice(0, 5)].join('\n');
    throw error;
  } finally {
    await context.close();
  }
}

process.exitCode = await attempts(only === undefined ? tests : tests.filter(({ name }) => name.includes(only)), ({ run }, browser) => attempt(run, browser), browsers);
await Promise.all(browsers.map((browser) => browser.close()));
server.close();
