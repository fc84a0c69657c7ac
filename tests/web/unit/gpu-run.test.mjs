/* A run of the benchmark as the page keeps it: its Worker is a stand-in that says what a test has it say. */
import assert from 'node:assert/strict';
import { after, beforeEach, mock, test } from 'node:test';
import { close, load } from './modules.mjs';

after(close);

let worker;
let listeners;
let kept;
beforeEach(() => {
  worker = null;
  listeners = {};
  kept = {};
  globalThis.Worker = class {
    posted = [];
    ended = false;
    constructor() {
      worker = this;
    }
    postMessage(asked) {
      this.posted.push(asked);
    }
    terminate() {
      this.ended = true;
    }
  };
  globalThis.document = {
    hidden: false,
    baseURI: 'http://127.0.0.1/',
    addEventListener: (name, listener) => (listeners[name] = listener),
    removeEventListener: (name) => delete listeners[name],
  };
  globalThis.localStorage = {
    getItem: (key) => kept[key] ?? null,
    setItem: (key, text) => (kept[key] = text),
    removeItem: (key) => delete kept[key],
  };
});
const { addToHistory, BUDGET, clearHistory, inputsOf, measure, readHistory, withTold } = await load('src/gpu/run.ts');

/** Starts one; what it has come to after each thing that is told. */
function begin() {
  const states = [];
  const stop = measure((run, now) => states.push({ run, now }));
  return { stop, states, tell: (told) => worker.onmessage({ data: told }), last: () => states.at(-1) };
}
const result = (measured, variant, figures = { median: 1 }) => ({ kind: 'result', measure: measured, variant, figures });

test('it adds up what it is told', () => {
  const { tell, last } = begin();
  assert.equal(worker.posted[0].kind, 'start');
  assert.ok(worker.posted[0].budget < BUDGET && worker.posted[0].budget > BUDGET - 1000);
  assert.match(worker.posted[0].module, /^http:\/\/127\.0\.0\.1\/.*bench.*\.wasm/);
  tell({ kind: 'device', device: { vendor: 'someone' } });
  tell({ kind: 'progress', measure: 'copy', share: 0.1 });
  assert.deepEqual(last().now, { kind: 'progress', measure: 'copy', share: 0.1 });
  tell(result('copy', 'stored'));
  tell(result('toy', 'stored', { median: 2 }));
  tell(result('toy', 'recomputed', { median: 3 }));
  tell({ kind: 'omitted', measure: 'mlp', omission: 'memory' });
  tell({ kind: 'rates', rates: { gflops: 1, fp32: 1, bandwidth: 1 } });
  tell({ kind: 'rates', rates: { gflops: 2, fp32: 1, bandwidth: 1 } });
  tell({ kind: 'end', ending: 'done', milliseconds: 9000, detail: '' });
  const { run, now } = last();
  assert.equal(now, null);
  assert.equal(worker.ended, true);
  assert.deepEqual(listeners, {});
  assert.deepEqual(run.results, { copy: { stored: { median: 1 } }, toy: { stored: { median: 2 }, recomputed: { median: 3 } } });
  assert.deepEqual(run.omitted, { mlp: 'memory' });
  assert.equal(run.rates.gflops, 2);
  assert.equal(run.device.vendor, 'someone');
  assert.equal(run.ending, 'done');
  assert.ok(!Number.isNaN(Date.parse(run.when)));
});

test('nothing is heard after its end', () => {
  const { tell, states, last } = begin();
  tell({ kind: 'end', ending: 'cancelled', milliseconds: 1, detail: '' });
  tell(result('copy', 'stored'));
  assert.equal(states.length, 1);
  assert.deepEqual(last().run.results, {});
});

test('it is stopped by hand, and when the page is hidden', () => {
  const { stop } = begin();
  stop();
  assert.deepEqual(worker.posted.at(-1), { kind: 'stop', why: 'cancelled' });
  listeners.visibilitychange();
  assert.equal(worker.posted.length, 2);
  document.hidden = true;
  listeners.visibilitychange();
  assert.deepEqual(worker.posted.at(-1), { kind: 'stop', why: 'hidden' });
});

test('a thread that says nothing more is ended in time, and what it has not told of is omitted for it', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { tell, last, states } = begin();
    tell(result('copy', 'stored'));
    tell({ kind: 'omitted', measure: 'matmul-f16', omission: 'unsupported' });
    mock.timers.tick(BUDGET - 1);
    assert.equal(last().run.ending, null);
    mock.timers.tick(1);
    const { run } = last();
    assert.equal(run.ending, 'time');
    assert.equal(worker.ended, true);
    assert.equal(run.omitted.copy, undefined);
    assert.equal(run.omitted.toy, 'time');
    assert.equal(run.omitted['matmul-f16'], 'unsupported');
    mock.timers.tick(BUDGET);
    assert.equal(states.length, 3);
  } finally {
    mock.timers.reset();
  }
});

test('a thread that does not start is an end', () => {
  const { last } = begin();
  let prevented = false;
  worker.onerror({ preventDefault: () => (prevented = true), message: '' });
  assert.ok(prevented);
  assert.equal(last().run.ending, 'refused');
  assert.equal(last().run.detail, 'its thread did not start');
});

test('what is told leaves the run before it as it was', () => {
  const { tell, states } = begin();
  tell(result('toy', 'stored'));
  const before = states[0].run;
  const later = withTold(before, result('toy', 'recomputed'));
  assert.deepEqual(before.results.toy, { stored: { median: 1 } });
  assert.deepEqual(Object.keys(later.results.toy), ['stored', 'recomputed']);
});

test('the history: the last first, twenty at most, none that measured nothing; broken or refused storage is none', () => {
  const one = (when, results = { copy: {} }) => ({ when, results });
  assert.deepEqual(readHistory(), []);
  for (let i = 0; i < 25; i++) addToHistory(one(String(i)));
  assert.deepEqual(addToHistory(one('nothing', {})).map((r) => r.when), readHistory().map((r) => r.when));
  assert.equal(readHistory().length, 20);
  assert.equal(readHistory()[0].when, '24');
  clearHistory();
  assert.deepEqual(readHistory(), []);
  for (const broken of ['{', '{}', '[null, 3, {"when": 4}]']) {
    kept['actmem.gpu'] = broken;
    assert.deepEqual(readHistory(), [], broken);
  }
  clearHistory();
  globalThis.localStorage = new Proxy({}, { get: () => () => { throw new Error('not allowed'); } });
  assert.deepEqual(addToHistory(one('now')).map((r) => r.when), ['now']);
  clearHistory();
});

test('rates become whole inputs above 0', () => {
  assert.deepEqual(inputsOf({ gflops: 2147.5, fp32: 0.2, bandwidth: 134217.4 }), { device: 'mine', device_gflops: '2148', device_fp32_gflops: '1', device_bandwidth: '134217' });
});
