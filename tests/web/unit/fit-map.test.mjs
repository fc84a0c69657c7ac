import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load, loadCore } from './modules.mjs';

after(close);
const { evenly, fitMapLayout, LEVELS, levelOf, named, placeOf, REFUSED, TOO_MUCH } = await load('src/charts/fit-map-layout.ts');

const { frameOf, framed } = await load('src/state/frame.ts');
const core = await loadCore();

test('the map’s frame holds the page’s point, all lengths that fit, and what micro-batches do from a quarter of the page’s length on, in round steps', async () => {
  for (const query of ['model=llama-3-8b', 'model=llama-3-8b&seq=8192', 'model=llama-3-8b&seq=8192&checkpoint=full', 'model=llama-3-8b&seq=4096&device=rtx-4090', 'model=gpt2', 'model=gpt2&batch=40', 'model=llama-3-70b&stack=megatron&tp=8&sp=yes&pp=4&seq=8192', 'model=llama-3-8b&stack=torch&cp=4&seq=16384']) {
    const { config } = core.evaluate(query);
    const wide = core.map(query);
    const text = frameOf(wide, query, config, core.tables.fields);
    const map = await framed(async (asked) => core.map(asked), config, core.tables.fields)(query, new AbortController().signal);
    if (text === null) assert.deepEqual(map, wide, query);
    const room = map.memory_bytes - map.reserve_bytes;
    const fits = (total) => total !== null && total <= room;
    assert.ok(map.batch.at(-1) >= config.batch && map.seq.at(-1) >= config.seq, query);
    const longest = Math.max(0, ...wide.seq.filter((_, row) => wide.total_bytes[row].some(fits)));
    const largest = Math.max(0, ...wide.batch.filter((_, column) => wide.total_bytes.some((row, i) => wide.seq[i] >= config.seq / 4 && fits(row[column]))));
    assert.ok(map.seq.at(-1) >= longest && map.batch.at(-1) >= Math.min(64, largest), query);
    assert.equal(new Set(map.seq.slice(1).map((seq, i) => seq - map.seq[i])).size, 1, query);
    /* The stack refuses no length of it that it takes in the wide one. */
    assert.ok(map.total_bytes.every((row) => row[0] !== null), query);
  }
});

test('levels: by share of the memory, the last that fits takes all of it', () => {
  const cases = [
    [0, 0],
    [25, 0],
    [26, 1],
    [75, 2],
    [100, TOO_MUCH - 1],
    [101, TOO_MUCH],
    [1e9, LEVELS.length - 1],
    [null, REFUSED],
  ];
  for (const [total, level] of cases) assert.equal(levelOf(total, 100), level, `${total}`);
});

test('runs cover every cell once, and fitting lengths are counted by micro-batch', () => {
  const map = { batch: [1, 2, 3], seq: [10, 20], total_bytes: [[50, 90, 110], [90, 180, null]] };
  const { runs, fitting, columns, rows } = fitMapLayout(map, 100);
  assert.deepEqual([columns, rows], [3, 2]);
  assert.equal(runs.reduce((sum, { count }) => sum + count, 0), 6);
  for (const { level, row, first, count } of runs)
    for (let i = first; i < first + count; i++) assert.equal(level, levelOf(map.total_bytes[row][i], 100));
  assert.deepEqual(fitting, [2, 1, 0]);
});

test('places: the last number that is no larger; evenly from the first to the last', () => {
  assert.deepEqual([0, 1, 2, 15, 16, 99].map((value) => placeOf([1, 2, 16], value)), [0, 0, 1, 1, 2, 2]);
  assert.deepEqual(evenly(64, 4), [0, 21, 42, 63]);
  assert.deepEqual(evenly(2, 4), [0, 1]);
});

test('named places: the first and round values, no more than there is room for', () => {
  const upTo = (count, step) => Array.from({ length: count }, (_, i) => (i + 1) * step);
  const names = (values, most) => named(values, most).map((place) => values[place]);
  assert.deepEqual(names(upTo(64, 1), 9), [1, 8, 16, 24, 32, 40, 48, 56, 64]);
  assert.deepEqual(names(upTo(64, 512), 7), [512, 8192, 16384, 24576, 32768]);
  assert.deepEqual(names(upTo(64, 1), 5), [1, 16, 32, 48, 64]);
  for (const values of [[3], [3, 4, 5, 6], [7, 9, 11, 13, 15], upTo(61, 100)]) {
    const places = named(values, 5);
    assert.ok(places[0] === 0 && places.length <= 5 && new Set(places).size === places.length, `${values}`);
  }
});
