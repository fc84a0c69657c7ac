/* What would make a step fit: the core's own answers, in order. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load, loadCore } from './modules.mjs';

after(close);
const { roomFor } = await load('src/state/changes.ts');
const core = await loadCore();
const room = (text) => roomFor(core.tables.fields, async (query) => core.evaluate(query))(text, new AbortController().signal);

test('what does not fit: each change fits by the core’s account, the cheapest that trains the same first', async () => {
  for (const text of ['model=llama-3-8b&seq=8192', 'model=llama-3-8b&seq=8192&batch=4&checkpoint=save:matmuls', 'model=qwen2.5-7b&device=a100-40-sxm']) {
    const { fits, changes } = await room(text);
    assert.equal(fits, false, text);
    assert.ok(changes.length >= 1, text);
    for (const change of changes) {
      const report = core.evaluate(change.query);
      assert.equal(report.fit.fits, true, change.query);
      assert.equal(report.fit.total_bytes, change.total);
      assert.equal(report.cost.step_time_us, change.step);
    }
    const same = changes.filter(({ id }) => ['plan', 'policy', 'liger', 'loss'].includes(id));
    assert.deepEqual(changes.slice(0, same.length), same, text);
    assert.deepEqual(same.map((c) => c.step), same.map((c) => c.step).sort((a, b) => a - b), text);
  }
});

test('Llama 3 8B at 8,192 tokens on 80 GiB: the plan of the core’s search, then the cheapest named policy', async () => {
  const text = 'model=llama-3-8b&seq=8192';
  const { answers } = core.evaluate(`${text}&fit=yes`).fit;
  const { changes, seq } = await room(text);
  assert.equal(changes[0].id, 'plan');
  assert.equal(changes[0].config.checkpoint, `budget:${answers.plan.value}`);
  const policy = changes.find((c) => c.id === 'policy');
  /* No listed policy that fits costs less. */
  const { plans } = core.evaluate(text).checkpoint;
  for (const plan of plans.filter((p) => !p.reentrant && p.step_time_us < policy.step)) assert.equal(core.evaluate(`${text}&checkpoint=${plan.policy}`).fit.fits, false, plan.policy);
  assert.equal(seq, answers.seq.value);
  assert.ok(changes.some((c) => c.id === 'gpus' && Number(c.config.dp) === 3));
});

test('what fits: how far it may go, and a faster plan if there is one', async () => {
  const plain = await room('model=llama-3-8b');
  assert.equal(plain.fits, true);
  assert.deepEqual(plain.changes.map((c) => c.id), ['batch', 'seq']);
  const full = await room('model=llama-3-8b&checkpoint=full');
  assert.equal(full.changes[0].id, 'plan');
  assert.ok(full.changes[0].step < core.evaluate('model=llama-3-8b&checkpoint=full').cost.step_time_us);
});

test('where no change alone is enough, several are tried together', async () => {
  const { changes } = await room('model=llama-3-8b&seq=8192&device=rtx-4090');
  assert.ok(changes.length > 0);
  assert.ok(changes.every((c) => c.id === 'together'), changes.map((c) => c.id).join());
});
