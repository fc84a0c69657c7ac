/** Times one evaluation, text to JSON, native and in wasm, its stages, the exact frontier, a map, and how they grow, beside the bars
 * that they are held to. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { loadWhole } from '../../build/loader/actmem.js';
import { bar, note, table, verdict } from './print.mjs';

const BAR_MICROSECONDS = 300;
const BAR_RATIO = 1.5;
const BAR_MAP = 100;
const BAR_FRONTIER = 16;
const BAR_GZIP = 60_000;
const WARM_UP = 200;
const RUNS = 201;
const ROUNDS = 12; // the two builds take turns, in short stretches, and the best median counts: other work on the machine, and a slower clock, only ever add time

const TEXTS = [
  'model=gpt2 batch=8 seq=1024',
  'model=llama-3-8b seq=2048',
  'model=llama-3-8b seq=2048 attention=eager',
  'model=llama-3-8b seq=8192 checkpoint=full',
  'model=llama-3-70b seq=8192 checkpoint=every:4',
  'model=llama-3-8b trainable=lora lora_targets=q,k,v,o,gate,up,down',
  'model=llama-3-8b seq=2048 timeline=none',
  'model=llama-3-8b seq=2048 timeline=operations',
];

const wasm = readFileSync('build/whole.wasm');
const core = await loadWhole(wasm);
const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(wasm));
exports._initialize?.();

function medianOf(run) {
  for (let i = 0; i < WARM_UP; i++) run();
  const times = new Float64Array(RUNS);
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    run();
    times[i] = performance.now() - start;
  }
  return times.sort()[RUNS >> 1] * 1000;
}

/** The call alone, as the native program times it: the text stands in the buffer, the JSON is left there. */
function call(text) {
  const bytes = new TextEncoder().encode(text);
  return () => {
    new Uint8Array(exports.memory.buffer, exports.am_input(), bytes.length).set(bytes);
    exports.am_wasm_evaluate(bytes.length);
  };
}

const native = (text) => Number(execFileSync('build/bench', [text], { encoding: 'utf8' })) / 1000;

const rows = TEXTS.map((text) => {
  const row = { text, native: Infinity, hosted: Infinity, parsed: Infinity, json: core.evaluateJson(text).length };
  for (let round = 0; round < ROUNDS; round++) {
    row.native = Math.min(row.native, native(text));
    row.hosted = Math.min(row.hosted, medianOf(call(text)));
    row.parsed = Math.min(row.parsed, medianOf(() => core.evaluate(text)));
  }
  return { ...row, ratio: row.hosted / row.native };
});

table('text to JSON, medians in µs', ['native', 'wasm', 'ratio', 'with parse', 'JSON bytes']);
for (const row of rows) table.row(row.text, [row.native.toFixed(1), row.hosted.toFixed(1), row.ratio.toFixed(2), row.parsed.toFixed(1), row.json]);

/* Where that goes, natively: reading the text; playing the step and every policy of the list; the largest batch and sequence that fit;
 * writing the report. */
table('its stages, native medians in µs', ['text', 'evaluation', 'fit', 'JSON']);
for (const text of TEXTS) {
  const stages = execFileSync('build/bench', ['--stages', text], { encoding: 'utf8' }).trim().split(' ');
  table.row(text, stages.map((nanoseconds) => (Number(nanoseconds) / 1000).toFixed(1)));
}

/** Dearer answers, each best of five in ms: wasm against native would say little of them, so against their bar. */
function bestOfFive(run) {
  run();
  return Math.min(...[1, 2, 3, 4, 5].map(() => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }));
}

const long = (title, most, entries, run, [column, figure]) => {
  table(`${title}, best of five in ms`, ['wasm', 'bar', 'of the bar', '', column]);
  return Math.max(
    ...entries.map((text) => {
      const best = bestOfFive(() => run(text));
      table.row(text, [best.toFixed(1), most, (best / most).toFixed(2), verdict(best, most), figure(text)]);
      return best;
    }),
  );
};

/* 32, 80 and 126 layers. */
const FRONTIERS = ['model=llama-3-8b seq=8192 frontier=yes', 'model=llama-3-70b seq=8192 frontier=yes', 'model=llama-3.1-405b seq=8192 frontier=yes'];
const slowestFrontier = long('exact frontier, text to JSON', BAR_FRONTIER, FRONTIERS, (text) => call(text)(), ['plans', (text) => core.evaluate(text).checkpoint.frontier_search.plans]);
note('slowest exact frontier', slowestFrontier, 'ms', BAR_FRONTIER);

const MAPS = ['model=llama-3-8b', 'model=llama-3-8b checkpoint=full', 'model=gpt2 attention=eager', 'model=llama-3-8b allocator=cuda'];
const slowestMap = long('map of 64 × 64', BAR_MAP, MAPS, (text) => core.mapJson(text), ['evaluations', (text) => core.map(text).evaluations]);
note('slowest map', slowestMap, 'ms', BAR_MAP);

/** The exponent k of time ~ nᵏ: the slope of the least squares line through the logarithms. */
function exponent(sizes, times) {
  const [x, y] = [sizes.map(Math.log), times.map(Math.log)];
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  return mean(x.map((value, i) => (value - mx) * (y[i] - my))) / mean(x.map((value) => (value - mx) ** 2));
}

const MOE = 'family=mixtral hidden=4096 heads=32 kv_heads=8 ffn=14336 vocab=32000 layers=32 experts_per_token=2 seq=4096';
const GROWTHS = [
  ['layers, all alike', [8, 16, 32, 64, 128, 256], (n) => `model=llama-3-8b layers=${n}`],
  ['layers of two kinds', [8, 16, 32, 64, 128, 256], (n) => `model=gemma-2-9b layers=${n}`],
  ['layers, exact frontier', [8, 16, 32, 64, 128], (n) => `model=llama-3-8b layers=${n} frontier=yes`],
  ['pipeline ranks', [2, 4, 8, 16, 32], (n) => `model=llama-3-8b stack=megatron pp=${n}`],
  ['micro-batches in flight', [8, 16, 32, 64, 128], (n) => `model=llama-3-8b stack=megatron pp=8 micro_batches=${n}`],
  ['sequence length', [1024, 2048, 4096, 8192], (n) => `model=llama-3-8b seq=${n}`],
  ['LoRA targets', [1, 2, 4, 7], (n) => `model=llama-3-8b trainable=lora lora_targets=${['q', 'k', 'v', 'o', 'gate', 'up', 'down'].slice(0, n)}`],
  ['experts', [4, 8, 16, 32, 64], (n) => `${MOE} experts=${n}`],
];
table('growth, text to JSON in wasm, best of five in µs', ['from', 'to', 'µs', 'µs', 'exponent']);
for (const [what, sizes, text] of GROWTHS) {
  const times = sizes.map((n) => bestOfFive(call(text(n))) * 1000);
  table.row(what, [sizes[0], sizes.at(-1), times[0].toFixed(0), times.at(-1).toFixed(0), exponent(sizes, times).toFixed(2)]);
}

const first = readFileSync('build/core.wasm');
console.log();
bar('slowest in wasm', Math.max(...rows.map((row) => row.hosted)), 'µs', BAR_MICROSECONDS);
bar('highest wasm : native', Math.max(...rows.map((row) => row.ratio)), '×', BAR_RATIO);
bar('core.wasm, gzipped', gzipSync(first, { level: 9 }).length, 'B', BAR_GZIP);
bar('core.wasm', first.length, 'B');
bar('whole.wasm, gzipped', gzipSync(wasm, { level: 9 }).length, 'B');
