/* What the related pages ask of the core, and how they draw it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load, loadCore } from './modules.mjs';

after(close);
globalThis.document = { createElement: () => ({ getContext: () => ({ measureText: (text) => ({ width: text.length * 6.5 }) }) }) };
globalThis.getComputedStyle = () => ({ getPropertyValue: () => 'sans-serif' });
const { cuts, isSample, samplesOf } = await load('src/state/series.ts');
const { laySeries } = await load('src/charts/series-layout.ts');
const core = await loadCore();
const ask = async (query) => core.evaluate(query);

test('a batch is cut into equal micro-batches, in every way or by doublings', () => {
  for (const [sequences, ways] of [[1, [[1, 1]]], [6, [[6, 1], [3, 2], [2, 3], [1, 6]]], [8, [[8, 1], [4, 2], [2, 4], [1, 8]]], [7, [[7, 1], [1, 7]]]]) assert.deepEqual(cuts(sequences), ways);
  for (const sequences of [64, 96, 360, 1024]) {
    const found = cuts(sequences);
    assert.ok(found.length >= 2 && found.length <= 12, `${sequences}: ${found.length}`);
    for (const [size, count] of found) assert.equal(size * count, sequences);
    assert.deepEqual([found[0][1], found.at(-1)[1]], [1, sequences]);
  }
});

test('samples are the core’s totals, in order; what it refuses says why', async () => {
  const changes = [{ zero: null, dp: '8' }, { zero: '1', dp: '8' }, { zero: '3', dp: '8' }, { seq: '0' }];
  const samples = await samplesOf(core.tables.fields, ask, () => changes)('model=llama-3-8b', new AbortController().signal);
  assert.equal(samples.length, 4);
  for (const [i, query] of ['dp=8', 'dp=8&zero=1', 'dp=8&zero=3'].entries()) {
    const { fit, cost } = core.evaluate(`model=llama-3-8b&${query}`);
    assert.deepEqual([samples[i].total, samples[i].fits, samples[i].step], [fit.total_bytes, fit.fits, cost.step_time_us]);
    assert.equal(core.evaluate(samples[i].query).fit.total_bytes, fit.total_bytes);
    assert.ok(!samples[i].query.includes('timeline'));
  }
  assert.equal(isSample(samples[3]), false);
  assert.match(samples[3].refused, /seq must be/);
});

test('lines stand within the axes, more bytes higher, names apart', () => {
  const series = [
    { name: 'one', points: [1, 2, 4, 8].map((at) => ({ at, bytes: 80e9 / at })) },
    { name: 'another', points: [1, 2, 4, 8].map((at) => ({ at, bytes: 80e9 / at + 1e8 })) },
  ];
  for (const width of [320, 820]) {
    const { frame, lines, limit, xTicks } = laySeries(series, 60e9, 'GB', width);
    assert.deepEqual(xTicks.map((t) => t.text), ['1', '2', '4', '8']);
    for (const { dots } of lines) {
      dots.forEach((dot, i) => {
        assert.ok(dot.x >= frame.left && dot.x <= frame.right && dot.y >= frame.top && dot.y <= frame.bottom);
        if (i > 0) assert.ok(dot.y > dots[i - 1].y && dot.x > dots[i - 1].x);
      });
    }
    assert.ok(limit > frame.top && limit < frame.bottom);
    assert.ok(Math.abs(lines[0].labelY - lines[1].labelY) >= 12);
  }
  /* Numbers of the axis keep clear of each other, and the last one stays. */
  const doubled = [{ name: 'Data parallel alone', points: [2, 4, 8, 16, 32, 64, 128, 256].map((at) => ({ at, bytes: 1e9 })) }];
  for (const width of [300, 358, 820]) {
    const { xTicks } = laySeries(doubled, null, 'GB', width);
    assert.equal(xTicks.at(-1).text, '256');
    xTicks.slice(1).forEach((tick, i) => assert.ok(tick.at - xTicks[i].at > 6.5 * tick.text.length + 2, `${width}: ${tick.text}`));
  }
  assert.equal(laySeries([{ name: 'alone', points: [{ at: 1, bytes: 5 }] }], null, 'bytes', 400).limit, null);
});
