/** Times one evaluation, text to JSON, native and in wasm, the exact frontier and a map, beside the bars that they are held to. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { loadWhole } from '../../build/loader/actmem.js';

const BAR_MICROSECONDS = 300;
const BAR_RATIO = 1.5;
const BAR_MAP = 100;
const BAR_FRONTIER = 16;
const BAR_GZIP = 60_000;
const WARM_UP = 500;
const RUNS = 501;
const ROUNDS = 3; // the two builds take turns, and the best median counts: other work on the machine only ever adds time

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

function median(run) {
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
    row.hosted = Math.min(row.hosted, median(call(text)));
    row.parsed = Math.min(row.parsed, median(() => core.evaluate(text)));
  }
  return { ...row, ratio: row.hosted / row.native };
});

const width = Math.max(...TEXTS.map((text) => text.length));
const line = (text, ...cells) => console.log(`  ${text.padEnd(width)}${cells.map((cell) => String(cell).padStart(12)).join('')}`);
line('text to JSON, medians in µs', 'native', 'wasm', 'ratio', 'with parse', 'JSON bytes');
for (const row of rows) line(row.text, row.native.toFixed(1), row.hosted.toFixed(1), row.ratio.toFixed(2), row.parsed.toFixed(1), row.json);

/** Dearer answers, each best of five in ms: wasm against native would say little of them, so against their bar. */
function bestOfFive(run) {
  run();
  return Math.min(...[1, 2, 3, 4, 5].map(() => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }));
}

const verdict = (value, most) => (value < most ? 'met' : 'MISSED');
const long = (title, most, entries, run, what) => {
  line(`\n${title}, best of five in ms`, 'wasm', 'bar', 'of the bar', '', what[0]);
  for (const text of entries) {
    const best = bestOfFive(() => run(text));
    line(text, best.toFixed(1), most, (best / most).toFixed(2), verdict(best, most), what[1](text));
  }
};

const FRONTIERS = ['model=llama-3-8b seq=8192 frontier=yes', 'model=llama-3.1-405b seq=8192 frontier=yes'];
long('exact frontier, text to JSON', BAR_FRONTIER, FRONTIERS, (text) => call(text)(), [
  'plans', (text) => core.evaluate(text).checkpoint.frontier_search.plans]);

const MAPS = ['model=llama-3-8b', 'model=llama-3-8b checkpoint=full', 'model=gpt2 attention=eager', 'model=llama-3-8b allocator=cuda'];
long('map of 64 × 64', BAR_MAP, MAPS, (text) => core.mapJson(text), ['evaluations', (text) => core.map(text).evaluations]);

const first = readFileSync('build/core.wasm');
const gzip = gzipSync(first, { level: 9 }).length;
const slowest = Math.max(...rows.map((row) => row.hosted));
const ratio = Math.max(...rows.map((row) => row.ratio));
const bar = (name, value, unit, most) => console.log(`  ${name.padEnd(24)}${value.padStart(10)} ${unit.padEnd(4)} bar ${most}`);
console.log();
bar('slowest in wasm', slowest.toFixed(1), 'µs', `${BAR_MICROSECONDS}  ${verdict(slowest, BAR_MICROSECONDS)}`);
bar('highest wasm : native', ratio.toFixed(2), '×', `${BAR_RATIO}  ${verdict(ratio, BAR_RATIO)}`);
bar('core.wasm, gzipped', String(gzip), 'B', `${BAR_GZIP}  ${verdict(gzip, BAR_GZIP)}`);
bar('core.wasm', String(first.length), 'B', '-');
bar('whole.wasm, gzipped', String(gzipSync(wasm, { level: 9 }).length), 'B', '-');
