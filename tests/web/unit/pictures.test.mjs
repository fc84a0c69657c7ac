/* Treemap and stacked layers: areas and lengths are shares of the core's bytes, of every fate. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load, loadCore } from './modules.mjs';

after(close);
const { layTreemap } = await load('src/charts/treemap-layout.ts');
const { layStack } = await load('src/charts/stack-layout.ts');
const { scopesOf } = await load('src/state/ledger.ts');
const core = await loadCore();
const QUERIES = ['', 'model=llama-3-8b&checkpoint=block:16', 'model=llama-3-8b&checkpoint=every:4', 'model=gpt2&checkpoint=offload:saved', 'model=gemma-2-9b&checkpoint=save:matmuls', 'model=llama-3-70b&stack=megatron&tp=8&pp=4', 'model=mixtral-8x7b'];

test('a tile’s area is its share of what is kept; tiles fill the picture and do not overlap', () => {
  for (const query of QUERIES) {
    const report = core.evaluate(query);
    const tiles = layTreemap(scopesOf(report), 800, 340);
    const area = tiles.reduce((sum, t) => sum + t.width * t.height, 0);
    if (report.saved.bytes === 0) assert.equal(tiles.length, 0);
    for (const { entry, x, y, width, height } of tiles) {
      assert.ok(x >= 0 && y >= 0 && x + width <= 800 && y + height <= 340, query);
      const share = (entry.row.bytes * entry.row.count) / report.saved.bytes;
      if (share > 0.02) assert.ok(Math.abs((width * height) / area - share) < 0.012, `${query} ${entry.row.name} ${share}`);
    }
    tiles.forEach((a, i) => tiles.slice(i + 1).forEach((b) => assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y, `${query} ${a.entry.row.name} ${b.entry.row.name}`)));
  }
});

test('every layer has its slab, in order, with the core’s bytes', () => {
  for (const query of QUERIES) {
    const report = core.evaluate(query);
    const { slabs, height } = layStack(report, scopesOf(report), 460);
    const layers = slabs.filter((s) => s.layersEach > 0);
    assert.equal(layers.reduce((sum, s) => sum + s.count * s.layersEach, 0), report.saved.layers.reduce((sum, l) => sum + l.count * l.layers_each, 0), query);
    assert.deepEqual(layers.map((s) => s.bytes), report.saved.layers.map((l) => l.bytes));
    let y = 0;
    for (const slab of slabs) {
      assert.ok(slab.y >= y - 1e-9, query);
      y = slab.y + slab.count * slab.pitch;
      for (const part of slab.parts) assert.ok(part.x >= 0 && part.x + part.width <= 460, query);
    }
    assert.ok(y <= height);
  }
});

test('a place is said where kinds stand in order, and what segments drop is each one’s own', () => {
  const labels = (query) => layStack(core.evaluate(query), scopesOf(core.evaluate(query)), 460).slabs.map((s) => s.label);
  assert.deepEqual(labels('model=llama-3-8b&checkpoint=block:16'), ['layers 0 to 15', 'layers 16 to 31', 'embedding, head and loss']);
  assert.deepEqual(labels('model=gemma-2-9b'), ['21 layers', '21 layers', 'embedding, head and loss']);
  assert.deepEqual(labels('model=llama-3-8b&checkpoint=regions:12x1,20x0'), ['layers 0 to 11', 'layers 12 to 31', 'embedding, head and loss']);
  assert.deepEqual(labels('model=llama-3-8b&checkpoint=regions:20x0,12x1'), ['layers 0 to 19', 'layers 20 to 31', 'embedding, head and loss']);
  const plan = 'model=llama-3-8b&checkpoint=regions:2,3,20x0,2,5';
  assert.deepEqual(labels(plan), ['4 layers', '3 layers', '5 layers', '20 layers', 'embedding, head and loss']);
  /* A segment as long as its layers are without checkpointing. */
  const { slabs } = layStack(core.evaluate(plan), scopesOf(core.evaluate(plan)), 460);
  const long = (slab) => slab.parts.reduce((sum, part) => sum + part.width, 0);
  const layer = long(slabs.find((s) => s.kind === 'layer'));
  for (const slab of slabs.filter((s) => s.layersEach > 1)) assert.ok(Math.abs(long(slab) / layer / slab.layersEach - 1) < 0.1, `${slab.kind} ${long(slab) / layer}`);
});

test('what is moved to the host is not said to be computed again', () => {
  const fates = (query) => new Set(scopesOf(core.evaluate(query)).flatMap((s) => s.entries.map((e) => e.fate)));
  assert.deepEqual(fates('model=gpt2&checkpoint=offload:saved'), new Set(['offloaded']));
  assert.deepEqual(fates('model=gpt2&checkpoint=full'), new Set(['kept', 'recomputed']));
  assert.deepEqual(fates('model=gpt2'), new Set(['kept']));
});
