import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load, loadCore } from './modules.mjs';

after(close);
const { parseQuery, formatQuery, changeQuery, choosePreset, replaceModel, splitAgainst, joinAgainst, withoutSearches } = await load('src/state/query.ts');
const { stepsOf, nearestStep, stepFrom } = await load('src/form/steps.ts');
const { matching } = await load('src/form/combobox.tsx');
const core = await loadCore();
const { fields, presets } = core.tables;

test('text and pairs', () => {
  assert.deepEqual([...parseQuery('model=gpt2&seq=8 batch=2&seq=9&&x')], [['model', 'gpt2'], ['seq', '9'], ['batch', '2'], ['x', '']]);
  assert.deepEqual([...parseQuery('checkpoint=save%3Amatmuls&a=%zz')], [['checkpoint', 'save:matmuls'], ['a', '%zz']]);
  assert.equal(formatQuery(new Map([['checkpoint', 'save:matmuls'], ['lora_targets', 'q,v'], ['model', 'a b&c']])), 'checkpoint=save:matmuls&lora_targets=q,v&model=a%20b%26c');
});

test('what is as its default is left out, but for a shape that a preset sets', () => {
  assert.equal(changeQuery('model=gpt2&batch=8', { batch: '1' }, fields), 'model=gpt2');
  assert.equal(changeQuery('model=gpt2', { seq: '4096', dropout: '0' }, fields), 'model=gpt2&seq=4096&dropout=0');
  assert.equal(changeQuery('model=gpt2&seq=1', { seq: null }, fields), 'model=gpt2');
  assert.equal(changeQuery('model=gpt2&seq=1', { seq: '' }, fields), 'model=gpt2');
  assert.equal(changeQuery('', { checkpoint: 'full', reentrant: 'yes' }, fields), 'checkpoint=full&reentrant=yes');
});

test('another model keeps the run and drops the last one\u2019s shape', () => {
  assert.equal(choosePreset('model=gpt2&layers=3&seq=512', 'llama-3-8b', fields), 'model=llama-3-8b&seq=512');
  assert.equal(replaceModel('model=gpt2&layers=3&seq=512', parseQuery('family=llama&layers=2'), fields), 'family=llama&layers=2&seq=512');
});

test('what the page writes the core reads: every preset, every plan of it', () => {
  for (const preset of presets) {
    const text = choosePreset('seq=512', preset.name, fields);
    const report = core.evaluate(text);
    assert.equal(report.model.name, preset.name);
    assert.equal(report.config.seq, 512);
    assert.equal(core.evaluate(report.query).saved.bytes, report.saved.bytes);
    for (const plan of report.checkpoint.plans) {
      const chosen = core.evaluate(changeQuery(text, { checkpoint: plan.policy, reentrant: plan.reentrant ? 'yes' : 'no' }, fields));
      assert.equal(chosen.saved.bytes, plan.saved_bytes, `${preset.name} ${plan.policy}`);
      assert.equal(chosen.checkpoint.plans.filter((p) => p.chosen).length, 1, `${preset.name} ${plan.policy}`);
    }
  }
});

test('slider steps', () => {
  const seq = fields.find((f) => f.key === 'seq');
  const steps = stepsOf(seq);
  assert.deepEqual([steps[0], steps[1], steps.at(-1)], [128, 192, 131072]);
  assert.equal(steps[nearestStep(steps, 2048)], 2048);
  assert.equal(steps[nearestStep(steps, 1)], 128);
  assert.equal(stepFrom(steps, 2048, 1), 3072);
  assert.equal(stepFrom(steps, 2000, -1), 1536);
  assert.equal(stepFrom(steps, 131072, 1), 131072);
  assert.equal(stepsOf(seq, 1000).at(-1), 1000);
  assert.equal(stepsOf(seq, 1024).at(-1), 1024);
  assert.equal(nearestStep(stepsOf(seq, 1024), 5000), stepsOf(seq, 1024).length - 1);
  assert.deepEqual(stepsOf(fields.find((f) => f.key === 'batch')).slice(0, 6), [1, 2, 3, 4, 6, 8]);
});

test('presets are found by words in any order', () => {
  assert.deepEqual(matching(presets, '8b llama').map((p) => p.name), ['llama-3-8b', 'llama-3.1-8b']);
  assert.ok(matching(presets, 'eleutherai').length >= 10, 'by organisation');
  assert.equal(matching(presets, '').length, presets.length);
  assert.equal(matching(presets, 'nothing like it').length, 0);
});

test('what a text is held against stands behind it in the address, whatever is in it', () => {
  for (const [text, against] of [['', null], ['model=gpt2', null], ['model=gpt2&seq=8', 'model=gpt2&checkpoint=save:mm,sdpa'], ['', 'model=gpt2&against=x'], ['a=b', '']]) {
    assert.deepEqual(splitAgainst(joinAgainst(text, against)), { text, against });
  }
  assert.deepEqual(splitAgainst('against=x%26y&seq=1'), { text: 'seq=1', against: 'x&y' });
});

test('searches that an address asks for are left to the page', () => {
  for (const [text, without] of [['model=gpt2&fit=yes&frontier=yes', 'model=gpt2'], ['fit=no', 'fit=no'], ['fit=maybe', 'fit=maybe'], ['frontier=yes&seq=8', 'seq=8'], ['seq=8', 'seq=8']]) assert.equal(withoutSearches(text), without);
});
