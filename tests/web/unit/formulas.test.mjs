/* The strip of formulas and what explains a difference. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load, loadCore } from './modules.mjs';

const { layStrip, saidOf } = await load('src/charts/strip-layout.ts');
const { differences, shareOf } = await load('src/format/shares.ts');
const core = await loadCore();
after(close);

/* No canvas: widths of text are estimated. */
globalThis.document = { createElement: () => ({ getContext: () => null }) };

const QUERIES = ['', 'attention=eager', 'checkpoint=full', 'model=gpt3-175b&tp=8&sp=yes', 'model=gpt2&seq=64', 'checkpoint=every:2', 'trainable=lora', 'model=mixtral-8x7b'];

test('formulas stand from the lowest to the highest, none over another, all within the strip', () => {
  for (const query of QUERIES) {
    const report = core.evaluate(query);
    const { formulas } = report;
    for (const extent of ['all', 'layer']) {
      const said = saidOf(formulas, extent, extent === 'all' ? report.saved.bytes : report.saved.layers[0].bytes);
      for (const width of [300, 700, 1300]) {
        const { dots, frame, ours, height } = layStrip(said, 'unsloth', width);
        dots.forEach((dot, i) => {
          assert.ok(dot.x >= frame.left && dot.x <= frame.right && dot.y > 0 && dot.y < height, `${query} ${width}`);
          for (const other of dots.slice(0, i)) assert.ok(other.x <= dot.x + 1e-9 && Math.hypot(other.x - dot.x, other.y - dot.y) > 9, `${query} ${dot.formula.id} on ${other.formula.id}`);
        });
        assert.ok(ours > frame.left && ours < frame.right);
        assert.ok(dots.filter((d) => d.ratio < 1).every((d) => d.x < ours));
      }
    }
  }
});

test('enough formulas speak of a plain configuration, and few of one that they do not know', () => {
  const count = (query) => saidOf(core.evaluate(query).formulas, 'all', 1).length;
  assert.ok(count('') >= 30);
  assert.ok(count('checkpoint=full') >= 20);
  assert.ok(count('checkpoint=every:2') < 12);
});

test('tensors are told apart by what they grow with', () => {
  const { symbols } = core.evaluate('');
  const share = (formula) => shareOf({ formula }, symbols);
  assert.equal(share('2·s·b·h'), 'hidden');
  assert.equal(share('8·s·b·f'), 'ffn');
  assert.equal(share('2·s·b·k·d'), 'kv');
  assert.equal(share('6·s²·b·a'), 'scores');
  assert.equal(share('4·s·v'), 'vocab');
});

test('what is kept is all there, and a formula\u2019s terms add up', () => {
  for (const query of QUERIES) {
    const report = core.evaluate(query);
    for (const formula of report.formulas) {
      if (formula.compares !== 'model' || formula.bytes === null) continue;
      const list = differences(formula.parts, report, null);
      assert.equal(list.reduce((sum, d) => sum + d.kept, 0), report.saved.bytes, query);
      assert.equal(list.reduce((sum, d) => sum + d.said, 0), formula.bytes, `${query} ${formula.id}`);
    }
  }
});
