/* What the related pages say: in their files, and in words. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load, loadCore } from './modules.mjs';

after(close);
const { stated } = await load('plugins/stated.ts');
const { accumulationSaid, gpuSaid, zeroSaid } = await load('src/related/said.ts');
const core = await loadCore();
const total = (text) => core.evaluate(text).fit.total_bytes;
const values = (html) => [...html.matchAll(/value="(\d+)"/g)].map(([, bytes]) => Number(bytes));

test('a page’s file has the core’s totals to the inputs as they are', () => {
  const zero = ['dp=8', 'dp=8&zero=1', 'dp=8&zero=2', 'dp=8&zero=3'].map(total);
  const cut = [[8, 1], [4, 2], [2, 4], [1, 8]].map(([batch, count]) => total(`batch=${batch}&micro_batches=${count}`));
  for (const [page, of] of [['zero', zero], ['accumulation', cut]]) {
    const { answer, rows } = stated(page, core.evaluate, core.tables);
    assert.deepEqual(values(answer), [of[0], of[3]], page);
    assert.deepEqual(values(rows), of, page);
  }
});

test('of a GPU the largest models that fit, by the core', () => {
  const { answer } = stated('gpu', core.evaluate, core.tables);
  const said = (changes) => core.tables.presets.filter(({ label }) => answer.includes(`${label} `)).some(({ name }) => core.evaluate(`model=${name}${changes}`).fit.fits);
  assert.match(answer, /^NVIDIA H100 SXM trains models up to /);
  assert.ok(said('') && said('&checkpoint=full') && said('&trainable=lora&checkpoint=full'), answer);
});

test('no other page has such an answer', () => {
  for (const page of ['', 'learn', 'index']) assert.equal(stated(page, core.evaluate, core.tables), null);
});

test('sentences: what is alike is said once, what is none is said', () => {
  const text = (said) => said.map((part) => (typeof part === 'string' ? part : `<${part.bytes}>`)).join('');
  const [a, b, c] = [['Tiny 1B', 1e9], ['Small', 2.5e9], ['Large 70B', 7e10]].map(([label, parameters]) => ({ label, parameters }));
  for (const [said, as] of [
    [zeroSaid('GPT', 2, 5, 3), 'GPT on 2 GPUs, each with its own micro-batch, takes <5> per GPU with plain data parallelism, and <3> with everything sharded by ZeRO 3, as FSDP does.'],
    [accumulationSaid('GPT', 8, 9, 8, 4), 'GPT with 8 sequences per step takes <9> as one micro-batch, and <4> as 8 micro-batches with accumulated gradients.'],
    [gpuSaid('X', a, b, c), 'X trains models up to Tiny 1B with all weights, Small (2.50\u00a0billion) with full checkpointing, and Large 70B with LoRA adapters and checkpointing.'],
    [gpuSaid('X', a, a, c), 'X trains models up to Tiny 1B with all weights, with or without full checkpointing, and Large 70B with LoRA adapters and checkpointing.'],
    [gpuSaid('X', a, c, c), 'X trains models up to Tiny 1B with all weights, Large 70B with full checkpointing, and no larger ones with LoRA adapters and checkpointing.'],
    [gpuSaid('X', undefined, undefined, undefined), 'X trains none of the table’s models with all weights, with or without full checkpointing, and none with LoRA adapters and checkpointing.'],
  ])
    assert.equal(text(said), as);
});
