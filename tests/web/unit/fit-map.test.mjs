import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load } from './modules.mjs';

after(close);
const { evenly, fitMapLayout, LEVELS, levelOf, placeOf, REFUSED, TOO_MUCH } = await load('src/charts/fit-map-layout.ts');

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
