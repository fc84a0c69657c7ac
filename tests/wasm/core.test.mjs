/** The modules: what they are made of, that whole.wasm answers as the native build does, byte for byte, and core.wasm as whole.wasm does. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { ActmemError, loadCore, loadWhole } from '../../build/loader/actmem.js';
import { answer, core, first, hosted, native, tables, wasm, whole } from './native.mjs';

const KIB = 1024;
const modules = Object.entries(wasm).map(([name, bytes]) => [name, new WebAssembly.Module(bytes)]);
const presets = tables.presets.map((preset) => preset.name);
const CHECKPOINTS = [
  '', 'checkpoint=full', 'checkpoint=full reentrant=yes', 'checkpoint=every:2', 'checkpoint=uniform:3', 'checkpoint=block:2',
  'checkpoint=sqrt', 'checkpoint=revolve:3', 'checkpoint=rotor:100GiB', 'checkpoint=memory-budget:0.3', 'checkpoint=offload', 'checkpoint=offload:saved', 'checkpoint=save:matmuls', 'checkpoint=save:half-matmuls', 'checkpoint=modules:core_attn',
];

const isError = (json) => json.startsWith('{"error"');

/** Compares two texts; what differs is said by its place, not by two reports of many kilobytes. */
function same(got, want, about) {
  if (got === want) return;
  let at = 0;
  while (got[at] === want[at]) at++;
  const around = (text) => text.slice(Math.max(0, at - 80), at + 80);
  assert.fail(`${about}: differs at ${at}\n  wasm   …${around(got)}…\n  native …${around(want)}…`);
}

for (const [name, module] of modules) {
  test(`${name}.wasm imports nothing`, () => {
    assert.deepEqual(WebAssembly.Module.imports(module), []);
  });

  const most = name === 'core' ? 4 : 36; // the search for plans is in whole.wasm alone
  test(`the memory of ${name}.wasm is fixed and at most ${most} MiB`, () => {
    const { memory } = new WebAssembly.Instance(module).exports;
    assert.ok(memory.buffer.byteLength <= most * 1024 * KIB, `${memory.buffer.byteLength} bytes`);
    assert.throws(() => memory.grow(1), RangeError);
  });

  test(`no 64-bit integer crosses the boundary of ${name}.wasm`, () => {
    const { exports } = new WebAssembly.Instance(module);
    for (const [key, call] of Object.entries(exports)) if (key.startsWith('am_')) assert.equal(typeof call(0), 'number', key);
  });
}

test('core.wasm takes less than 60 KB, gzipped', () => {
  const size = gzipSync(wasm.core, { level: 9 }).length;
  assert.ok(size < 60_000, `${size} bytes`);
});

test('the loader takes a Response', async () => {
  const loaded = await loadCore(new Response(wasm.core), new Response(JSON.stringify(tables)));
  assert.deepEqual(loaded.evaluate('model=gpt2'), core.evaluate('model=gpt2'));
  const all = await loadWhole(new Response(wasm.whole));
  assert.equal(all.evaluateJson('model=gpt2'), whole.evaluateJson('model=gpt2'));
});

test('the loader says so when the file is missing', async () => {
  const missing = () => new Response('', { status: 404, statusText: 'Not Found' });
  await assert.rejects(loadCore(missing(), tables), /core\.wasm: 404 Not Found/);
  await assert.rejects(loadCore(wasm.core, missing()), /tables\.json: 404 Not Found/);
  await assert.rejects(loadWhole(missing()), /whole\.wasm: 404 Not Found/);
});

test('one answer does not depend on the one before it', () => {
  const texts = ['model=gpt2 batch=8', 'model=llama-3-8b checkpoint=full', 'model=llama-3-8b heads=7'];
  const alone = texts.map((text) => hosted(null, text));
  assert.deepEqual([...texts].reverse().map((text) => hosted(null, text)), alone.reverse());
});

test('text longer than the buffer is an ActmemError', () => {
  const long = 'x'.repeat(1 << 21);
  for (const module of [core, whole]) assert.throws(() => module.evaluate(long), (error) => error instanceof ActmemError && error.code === 'syntax');
  assert.throws(() => whole.import(long), (error) => error instanceof ActmemError && error.code === 'bad_config');
});

for (const preset of presets) {
  test(`native = wasm: ${preset}`, () => {
    const kernels = ['sdpa', 'efficient', 'flash', 'eager'].flatMap((attention) => [1, 3].map((batch) => `attention=${attention} batch=${batch}`));
    const asked = [...kernels, ...CHECKPOINTS.map((checkpoint) => `attention=eager ${checkpoint}`)];
    let reports = 0;
    for (const inputs of asked) {
      const text = `model=${preset} seq=1024 ${inputs}`.trim();
      const got = hosted(null, text);
      same(got, native(...text.split(' ')), text);
      if (!isError(got)) reports++;
    }
    assert.ok(reports >= 5, `${reports} of ${asked.length} are reports`); // eager is there on every stack
  });
}

test('native = wasm: precision, training, other stacks, every timeline', () => {
  const texts = [
    'dtype=fp32', 'dtype=fp16', 'dtype=fp32 autocast=bf16', 'dtype=fp32 autocast=fp16', 'trainable=none',
    'trainable=lora lora_targets=q,k,v,o,gate,up,down lora_dropout=0.05 lora_dtype=fp32', 'timeline=operations', 'timeline=none',
    'timeline=components', 'timeline=components checkpoint=full', 'timeline=components checkpoint=revolve:3', 'timeline=components model=mixtral-8x7b stack=megatron ep=8 checkpoint=block:5',
    'family=gpt2 layers=4 hidden=512 heads=8 vocab=1000', 'family=qwen3 layers=2 hidden=64 heads=4 kv_heads=2 ffn=160 vocab=96 seq=33 batch=2',
    'model=gpt3-175b stack=paper attention=eager tp=8 sp=yes pp=8', 'model=gpt2 seq=64 dropout=0.25 attention=eager',
    'model=llama-3-8b seq=4096 zero=3 dp=8', 'model=llama-3-8b stack=torch seq=4096 tp=8 sp=yes', 'model=llama-3-8b stack=torch seq=4096 cp=4 zero=3 dp=2',
    'model=mistral-7b seq=8192', 'model=gpt2-xl layers=1 seq=1', 'model=llama-3-70b layers=1000',
    'device=a100-80-sxm checkpoint=full', 'device=mine device_gflops=100000 device_bandwidth=900000', 'model=mixtral-8x7b device=mi300x device_gflops=700000',
  ];
  for (const text of texts) {
    const got = hosted(null, text);
    same(got, native(...text.split(' ')), text);
    assert.ok(!isError(got), `${text}: ${got}`);
  }
});

/** What core.wasm leaves out of a report: plans that it cannot make. */
const planned = ({ policy }) => !/^(revolve:|offload$)/.test(policy);

test('core.wasm = whole.wasm, but for what fits, formulas, costs, lines and some plans, where it does not leave the answer to it', () => {
  const texts = ['', 'model=gpt2 attention=eager dropout=0.1', 'model=llama-3-8b checkpoint=save:half-matmuls', 'trainable=lora', 'model=gpt3-175b tp=8 pp=8',
    'family=gpt2 layers=4 hidden=512 heads=8 vocab=1000', 'colour=red', 'model=llama-3-8b heads=31', 'loss=chunked', ...presets.map((name) => `model=${name}`)];
  let answered = 0;
  for (const text of texts) {
    const got = first(text);
    if (got.error?.code === 'elsewhere') continue;
    const { fit: _, formulas: __, cost: ___, ...want } = JSON.parse(hosted(null, text));
    for (const plan of want.checkpoint?.plans ?? []) {
      delete plan.recomputed_time_us;
      delete plan.step_time_us;
      delete plan.frontier_peak_bytes;
    }
    delete want.checkpoint?.lines;
    delete want.checkpoint?.lines_note;
    for (const list of want.checkpoint ? ['plans', 'frontier'] : []) want.checkpoint[list] = want.checkpoint[list].filter(planned);
    assert.deepEqual(got, want, text);
    answered++;
  }
  assert.ok(answered > texts.length / 2, `${answered} of ${texts.length} are answered`);
  assert.ok(!first('').error, 'the first answer of all');
  for (const text of ['device=a100-80-sxm', 'device_gflops=1', 'device_bandwidth=1', 'device=none']) assert.equal(first(text).error?.code, 'elsewhere', text);
  for (const text of ['model=llama-3-8b dp=8 zero=3', 'model=llama-3-8b stack=torch cp=2']) assert.equal(first(text).error?.code, 'elsewhere', text);
});

test('native = wasm: every measured case, from its config.json if it has one', () => {
  for (const { name, config, arguments: text } of JSON.parse(readFileSync('tests/fixtures/arguments.json', 'utf8'))) {
    const file = config && join('tests/fixtures/configs', config); // null: the arguments say all of it
    same(hosted(file && readFileSync(file, 'utf8'), text), native(...(file ? ['--config', file] : []), ...text.split(' ')), name);
  }
});

test('every measured case: what its live bytes are of adds up to the timeline, its highest points to what was measured', () => {
  const cases = new Map(JSON.parse(readFileSync('tests/fixtures/cases.json', 'utf8')).map((c) => [c.name, c]));
  let compared = 0;
  for (const { name, config, arguments: text } of JSON.parse(readFileSync('tests/fixtures/arguments.json', 'utf8'))) {
    const measured = cases.get(name);
    const { step } = JSON.parse(hosted(config && readFileSync(join('tests/fixtures/configs', config), 'utf8'), `${text} timeline=components`));
    for (const course of [step, step.without_checkpointing].filter(Boolean))
      for (const [i, point] of course.timeline.entries()) assert.equal(course.timeline_parts.reduce((sum, { bytes }) => sum + bytes[i], 0), point[4], `${name}, point ${i}`);
    const stations = Object.fromEntries(step.stations.map(({ station, bytes, parts }) => [station, { bytes, sum: parts.reduce((sum, p) => sum + p.bytes, 0) }]));
    for (const [station, want] of [['forward_peak', measured.forward_peak], ['after_forward', measured.live_after_forward], ['backward_peak', measured.backward_peak]])
      if (want !== null) {
        assert.deepEqual(stations[station], { bytes: want, sum: want }, `${name}: ${station}`);
        compared++;
      }
  }
  assert.ok(compared > 300, `${compared} figures`);
});

test('core.wasm says of an error only that whole.wasm is to be asked', () => {
  const elsewhere = { error: { code: 'elsewhere', field: '', message: '' } };
  for (const text of ['sed=1', 'recompute=full', 'model=lama-3-8b', 'seq', 'seq=many', 'seq=0', 'dtype=bf61', 'model=gpt2 norm=rmsnorm', 'trainable=lora lora_targets=qkv', 'model=gpt2 seq=4096', 'checkpoint=every:0', 'seq=8 seq=8'])
    assert.deepEqual(first(text), elsewhere, text);
});

test('core.wasm leaves schedules and what is moved to whole.wasm', () => {
  for (const checkpoint of ['revolve:4', 'rotor:20GiB', 'offload', 'unsloth', 'offload:saved', 'partition', 'partition:cpu'])
    assert.equal(first(`model=llama-3-8b checkpoint=${checkpoint}`).error?.code, 'elsewhere', checkpoint);
});

test('native = wasm: optimizers, sharding, what fits', () => {
  const texts = [
    'optimizer=adamw_8bit', 'optimizer=adafactor master_weights=yes', 'optimizer=muon', 'optimizer=none trainable=none', 'dp=8 zero=1 optimizer=lion',
    'dp=8 zero=2 grad_dtype=fp32', 'micro_batches=4', 'device_memory=80GiB reserve=2GiB', 'device_memory=80GiB zero=1 fit=yes', 'model=gpt2 device_memory=24GB fit=yes',
    'model=llama-3-70b stack=megatron-local seq=4096 device_memory=80GiB zero=1 checkpoint=full fit=yes',
  ];
  for (const text of texts) {
    const got = hosted(null, text);
    same(got, native(...text.split(' ')), text);
    assert.ok(JSON.parse(got).fit.total_bytes > 0, text);
    assert.equal(first(text).error?.code, 'elsewhere', text);
  }
});

test('native = wasm: the map of what fits', () => {
  for (const text of ['model=llama-3-8b device_memory=80GiB', 'model=gpt2 batch=1..9 seq=1..100 checkpoint=full', 'model=gpt2 batch=1..9 loss=cut seq=64..128', 'batch=9..1'])
    same(answer(() => whole.mapJson(text)), native('--map', ...text.split(' ')), text);
  const { batch, seq, total_bytes: totals } = whole.map('model=llama-3-8b');
  assert.deepEqual([batch.length, seq.length, totals.length, totals[63].length], [64, 64, 64, 64]);
  assert.equal(totals[15][3], whole.evaluate(`model=llama-3-8b batch=${batch[3]} seq=${seq[15]}`).fit.total_bytes);
});

test('native = wasm: Linear-ReLU-Linear', () => {
  for (const text of ['', 'hidden=512 batch=4', 'hidden=0', 'seq=2']) same(answer(() => JSON.stringify(whole.toy(text))), native('--toy', ...text.split(' ').filter(Boolean)), text);
});

test('bench.wasm takes less than 30 KB, gzipped, and asks its host for a GPU and for nothing else', () => {
  const bytes = readFileSync('build/bench.wasm');
  assert.ok(gzipSync(bytes, { level: 9 }).length < 30_000);
  assert.deepEqual([...new Set(WebAssembly.Module.imports(new WebAssembly.Module(bytes)).map((i) => i.module))].sort(), ['gpu', 'told']);
});

test('native = wasm: errors', () => {
  const texts = [
    'model=no-such-model', 'colour=red', 'seq=0', 'seq=abc', 'seq=99999999999999999999', 'seq=1 seq=2', '=5', 'seq', 'seq=',
    'model=llama-3-8b kv_heads=7', 'model=llama-3-8b heads=31', 'layers=4', 'attention=fast', 'dropout=1.5', 'dropout=-0.1',
    'checkpoint=every', 'checkpoint=every:0', 'checkpoint=some', 'trainable=lora lora_targets=x', 'reentrant=maybe',
    'model=llama-3-8b stack=paper', 'model=llama-3-70b batch=1048576 seq=16777216 attention=eager', 'batch=%zz', 'batch=1%', 'é=1',
    `model=${'x'.repeat(200)}`, `seq=${'1'.repeat(5000)}`,
  ];
  let errors = 0;
  for (const text of texts) {
    const got = hosted(null, text);
    same(got, native(...text.split(' ')), text);
    if (isError(got)) errors++;
  }
  assert.ok(errors > texts.length / 2, `${errors} of ${texts.length} are errors`);
});

test('native = wasm: config.json that is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'actmem-'));
  try {
    const file = join(folder, 'config.json');
    const texts = ['', '{}', '[]', 'null', '{"model_type":"llama"', '{"model_type":"bert"}', '{"model_type":"llama","hidden_size":"x"}',
      '{"model_type":"llama","hidden_size":-1}', `{"a":${'['.repeat(5000)}`, '\u0000'];
    for (const text of texts) {
      writeFileSync(file, text);
      const got = answer(() => JSON.stringify(whole.import(text)));
      assert.match(got, /^\{"error":/, text.slice(0, 80));
      same(got, native('--config', file), text.slice(0, 80));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('native = wasm: a config.json of up to 1 MiB is read, a larger one refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'actmem-'));
  try {
    const file = join(folder, 'config.json');
    const config = readFileSync('tests/fixtures/configs/llama-3-8b.json', 'utf8');
    for (const size of [600 * KIB, 1024 * KIB, 1024 * KIB + 1, 3000 * KIB]) {
      const text = config + ' '.repeat(size - config.length);
      writeFileSync(file, text);
      const got = hosted(text, 'seq=64');
      same(got, native('--config', file, 'seq=64'), `${size} bytes`);
      assert.equal(isError(got), size > 1024 * KIB, `${size} bytes: ${got.slice(0, 120)}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a zero byte in the text is an error', () => {
  assert.throws(() => core.evaluate('seq=8\0'), (error) => error instanceof ActmemError && error.code === 'elsewhere');
  assert.throws(() => whole.evaluate('seq=8\0'), (error) => error instanceof ActmemError && error.code === 'syntax');
});
