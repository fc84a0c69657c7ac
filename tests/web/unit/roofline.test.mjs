import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load } from './modules.mjs';

after(close);
const { layRoofline, under } = await load('src/charts/roofline-layout.ts');
globalThis.document = { createElement: () => ({ getContext: () => null }) };

/* 1,000 GFLOP/s and 100 GB/s: the ridge is at 10 FLOP a byte. */
const roof = { name: 'f32', gflops: 1000, bandwidth: 100_000 };
const half = { name: 'f16', gflops: 4000, bandwidth: 100_000 };
const points = [
  { name: 'product', intensity: 100, gflops: 800 },
  { name: 'softmax', intensity: 1, gflops: null },
  { name: 'linear', intensity: 30, gflops: null },
  { name: 'nothing', intensity: 0, gflops: null },
];

test('a roof allows what memory brings, up to its rate', () => {
  for (const [intensity, gflops] of [
    [0.1, 10],
    [1, 100],
    [10, 1000],
    [1000, 1000],
  ])
    assert.equal(under(roof, intensity), gflops);
});

test('points lie in the frame at any width, from left to right, as high as they are fast', () => {
  for (const width of [300, 358, 640, 1100]) {
    for (const roofs of [[roof], [roof, half]]) {
      const { frame, points: placed, height } = layRoofline(roofs, points, width);
      assert.deepEqual(placed.map((p) => p.name), ['softmax', 'linear', 'product']);
      for (const p of placed) {
        assert.ok(p.x >= frame.left && p.x <= frame.right && p.y >= frame.top && p.y <= frame.bottom, `${p.name} at ${width}`);
        assert.ok(frame.bottom < height && frame.right < width);
      }
      const [softmax, linear, product] = placed;
      assert.ok(softmax.x < linear.x && linear.x < product.x);
      assert.ok(softmax.y > product.y);
    }
  }
});

test('what is measured is where it was measured, all else under the highest roof', () => {
  const reached = (roofs) => layRoofline(roofs, points, 640).points.map((p) => [p.name, p.measured, p.reached, p.bound]);
  assert.deepEqual(reached([roof]), [
    ['softmax', false, 100, 'memory'],
    ['linear', false, 1000, 'compute'],
    ['product', true, 800, 'compute'],
  ]);
  assert.deepEqual(reached([roof, half])[1], ['linear', false, 3000, 'memory']);
});

test('a roof rises to its ridge and goes on level; an operation that its memory feeds lies on it', () => {
  const { roofs, points: placed, frame } = layRoofline([roof], [{ name: 'ridge', intensity: 10, gflops: null }], 640);
  const [x0, y0, x1, y1, end] = roofs[0].path.match(/[\d.]+/g).map(Number);
  assert.equal(x0, frame.left);
  assert.equal(end, frame.right);
  assert.ok(x1 > x0 && y1 < y0);
  assert.ok(Math.abs(placed[0].x - x1) < 1e-9 && Math.abs(placed[0].y - y1) < 1e-9);
});

test('ticks are whole powers of ten, not too many, and there is nothing without a roof', () => {
  const { xTicks, yTicks } = layRoofline([roof], [{ name: 'far', intensity: 1e6, gflops: null }, { name: 'low', intensity: 0.001, gflops: null }], 358);
  assert.ok(xTicks.length >= 2 && xTicks.length <= 5 && yTicks.length >= 2 && yTicks.length <= 7);
  for (const { text } of [...xTicks, ...yTicks]) assert.match(text, /^(0\.0*1|1(0*)(,000)*|1(,000)+|10|100|10(,000)+|100(,000)+)$/);
  assert.deepEqual(layRoofline([], points, 640).points, []);
});

test('what was measured is named where its name meets no point, no roof and no other name', () => {
  const measured = [
    { name: 'Linear-ReLU-Linear', intensity: 4, gflops: 300 },
    { name: 'Attention of a transformer', intensity: 15, gflops: 200 },
    { name: 'MLP of a transformer', intensity: 20, gflops: 990 },
    { name: 'Matrix product, f32', intensity: 40, gflops: 1000 },
  ];
  for (const [width, named] of [[300, 2], [640, 4], [1100, 4]]) {
    const { frame, points: placed } = layRoofline([roof], [...measured, { name: 'linear', intensity: 600, gflops: null }], width);
    const labels = placed.filter((p) => p.label !== null);
    assert.ok(labels.length >= named, `${labels.length} at ${width}`);
    assert.ok(labels.every((p) => p.measured));
    /* The text's own box, without the margin that the layout keeps around it. */
    const boxes = labels.map(({ name, label }) => ({ left: label.x - name.length * 3.6, right: label.x + name.length * 3.6, top: label.y - 6, bottom: label.y + 6 }));
    for (const [i, box] of boxes.entries()) {
      assert.ok(box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom, `${labels[i].name} at ${width}`);
      assert.ok(placed.every((p) => p.x < box.left || p.x > box.right || p.y < box.top || p.y > box.bottom), `a point in ${labels[i].name} at ${width}`);
      assert.ok(boxes.every((other, j) => i === j || other.right < box.left || box.right < other.left || other.bottom < box.top || box.bottom < other.top), `${labels[i].name} meets a name at ${width}`);
    }
  }
});
