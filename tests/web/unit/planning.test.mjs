/* The exact frontier and what fits, laid out and said. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load, loadCore } from './modules.mjs';

after(close);
const { layTradeoff } = await load('src/charts/tradeoff-layout.ts');
const { isPareto, isTimed } = await load('src/charts/tradeoff-measure.ts');
const { layFrontier, againOf } = await load('src/charts/frontier-layout.ts');
const { layFit } = await load('src/charts/fit-layout.ts');
const { layRanks } = await load('src/charts/ranks-layout.ts');
const { layTimeline } = await load('src/charts/timeline-layout.ts');
const { frontierOf, planText } = await load('src/format/frontier.ts');
const { policyText } = await load('src/format/policy.ts');
const { formatTime, timeOf } = await load('src/format/time.ts');
/* What labels are measured with, without a browser. */
globalThis.document = { createElement: () => ({ getContext: () => ({ measureText: (text) => ({ width: text.length * 6.5 }) }) }) };
globalThis.getComputedStyle = () => ({ getPropertyValue: () => 'sans-serif' });
const core = await loadCore();

const FOUND = ['', 'model=llama-3-8b&seq=8192', 'model=gpt2&batch=8&seq=1024', 'model=gpt2&stack=megatron', 'model=llama-3-8b&layers=1', 'model=qwen2.5-7b&trainable=lora'].map((query) => [
  query,
  core.evaluate(`${query}&frontier=yes`),
]);

test('times by either name, and for people', () => {
  assert.equal(timeOf({ recomputed_time_us: 12.5 }, 'recomputed_time'), 12.5);
  assert.equal(timeOf({ recomputed_time_ps: 12500000 }, 'recomputed_time'), 12.5);
  assert.equal(timeOf({}, 'recomputed_time'), null);
  for (const [us, text] of [[0, '0 ms'], [12.34, '12.3 µs'], [999.6, '1.00 ms'], [157914.018683, '158 ms'], [2500000, '2.50 s'], [5e9, '5,000 s'], [96_148e6, '26.7 hours'], [1e13, '116 days']]) assert.equal(formatTime(us).replace('\u00a0', ' '), text);
});

test('the frontier is told from the list of the best policies', () => {
  assert.equal(frontierOf(core.evaluate('').checkpoint), null);
  assert.equal(frontierOf(core.evaluate('model=gpt3-175b&tp=8&sp=yes&pp=8&vpp=3&frontier=yes').checkpoint), null);
  for (const [query, report] of FOUND) assert.ok(frontierOf(report.checkpoint).length >= 30, query);
});

test('the frontier’s line falls step by step within the axes, and every plan of it is a mark', () => {
  for (const [query, report] of FOUND) {
    const plans = frontierOf(report.checkpoint);
    const forward = report.cost.forward_time_us;
    for (const width of [340, 620, 760]) {
      const axis = { again: (p) => timeOf(p, 'recomputed_time') / forward, reach: plans.map((p) => ({ again: againOf(p, forward), memory: p.peak_bytes })) };
      const layout = layTradeoff(report.checkpoint.plans, axis, 'activations', 'GiB', width);
      const { path, knots } = layFrontier(plans, forward, layout.at);
      assert.equal(knots.length, plans.length);
      assert.equal(path.match(/V/g)?.length ?? 0, plans.length - 1);
      for (const [i, knot] of knots.entries()) {
        assert.ok(knot.x >= layout.frame.left && knot.x <= layout.frame.right && knot.y >= layout.frame.top - 1 && knot.y <= layout.frame.bottom, `${query} ${width}`);
        assert.ok(knot.left <= knot.x && knot.x <= knot.right);
        if (i === 0) continue;
        assert.ok(knot.x >= knots[i - 1].x && knot.y > knots[i - 1].y, `${query}: ${i}`);
        assert.equal(knot.left, knots[i - 1].right);
      }
    }
  }
});

test('no listed policy of the same choices lies below the frontier, and what lies on it stands on its line', () => {
  for (const [query, report] of FOUND) {
    const plans = frontierOf(report.checkpoint);
    const known = report.checkpoint.plans.filter((p) => p.excess_bytes !== undefined);
    const on = known.filter((p) => p.excess_bytes === 0 && timeOf(p, 'excess_time') === 0);
    assert.ok(on.some((p) => p.policy === 'none'), query);
    assert.ok(isTimed(known, 'activations'));
    for (const plan of on) assert.ok(isPareto(plan, known, 'activations'), `${query} ${plan.policy}`);
    const none = on.find((p) => p.policy === 'none');
    assert.equal(Math.max(none.forward_peak_bytes, none.backward_peak_bytes), plans.at(-1).peak_bytes, query);
  }
});

test('a plan in words has every layer once', () => {
  for (const [query, report] of FOUND) {
    for (const plan of frontierOf(report.checkpoint)) {
      for (const most of [3, Infinity]) {
        const text = planText(plan, report.checkpoint.frontier_choices, most);
        if (plan.plan.length === 0) assert.equal(text, '');
        else {
          const counts = [...text.matchAll(/(?:^|, )(\d+) (?:layers? )?(?:keeps? |in regions|is recomputed|recomputes? |otherwise)/g)].map((m) => Number(m[1]));
          assert.equal(counts.reduce((sum, n) => sum + n, 0), report.model.layers, `${query}: ${text}`);
        }
      }
    }
  }
  const choices = [
    { kind: 'none', span: 1, keeps: [] },
    { kind: 'save', span: 1, keeps: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'up_proj'].map((name) => ({ module: `self_attn.${name}`, op: 'mm' })) },
    { kind: 'segment', span: 4, keeps: [] },
    { kind: 'full', span: 1, keeps: [] },
  ];
  assert.equal(planText({ plan: [[2, 2], [1, 6], [0, 1], [1, 1]] }, choices), '8 layers in regions of 4, 7 keep q_proj, k_proj, v_proj and 2 more, 1 keeps everything');
  assert.equal(planText({ plan: [[0, 6], [3, 5], [1, 3], [2, 1]] }, choices, 2), '6 layers keep everything, 5 keep their input, 7 otherwise');
});

test('the bar of what a step takes: parts side by side, in all the total, the memory where it ends', () => {
  for (const query of ['', 'model=llama-3-8b&seq=8192', 'model=gpt2&trainable=none', 'model=llama-3-8b&zero=3&dp=8', 'model=mixtral-8x7b']) {
    const { fit } = core.evaluate(query);
    const { segments, limit } = layFit(fit);
    const whole = Math.max(fit.total_bytes, fit.memory_bytes);
    assert.equal(segments.reduce((sum, s) => sum + s.bytes, 0), fit.total_bytes, query);
    assert.equal(segments[0].x, 0);
    for (let i = 1; i < segments.length; i++) assert.ok(Math.abs(segments[i].x - segments[i - 1].x - segments[i - 1].width) < 1e-9);
    const end = segments.at(-1).x + segments.at(-1).width;
    assert.ok(Math.abs(end - (fit.total_bytes / whole) * 100) < 1e-6, query);
    assert.equal(fit.fits, end <= limit + 1e-9, query);
    assert.equal(new Set(segments.map((s) => s.tint)).size, segments.length, query);
  }
});

test('ranks as bars: the highest peak is the longest, no rank keeps more than its peak', () => {
  for (const query of ['model=gpt3-175b&tp=8&sp=yes&pp=8&vpp=3', 'model=llama-3-70b&stack=megatron&seq=8192&tp=8&pp=4', 'model=llama-3-8b&stack=torch&pp=4&schedule=zbv']) {
    const report = core.evaluate(query);
    const bars = layRanks(report.ranks, report.worst_rank);
    assert.equal(bars.length, report.config.pp, query);
    assert.deepEqual(bars.filter((b) => b.worst).map((b) => [b.rank.rank, b.length]), [[report.worst_rank, 100]], query);
    for (const { kept, length, peak, rank } of bars) {
      assert.ok(kept > 0 && kept <= length && length <= 100, query);
      assert.equal(peak, Math.max(rank.forward_peak_bytes, rank.backward_peak_bytes));
    }
  }
});

test('the step without checkpointing stands in the same axes, its peak at its own height', () => {
  const none = core.evaluate('model=llama-3-8b').step;
  for (const policy of ['full', 'every:4', 'save:matmuls', 'block:8']) {
    const { step } = core.evaluate(`model=llama-3-8b&checkpoint=${policy}`);
    for (const width of [300, 1300]) {
      const { before, peak, frame } = layTimeline(step, 'GiB', width, none);
      assert.equal(before.peak.bytes, Math.max(...none.timeline.map((p) => p[4])), policy);
      assert.ok(before.peak.y >= frame.top - 0.01 && before.peak.y < peak.y, policy);
      assert.ok(before.line.includes(`${+before.peak.y.toFixed(3)}`), policy);
      const xs = [...before.line.matchAll(/[ML]([\d.]+),/g)].map((m) => Number(m[1]));
      assert.ok(xs.every((x, i) => i === 0 || x >= xs[i - 1] - 0.002) && Math.abs(xs[0] - frame.left) < 0.01 && Math.abs(xs.at(-1) - frame.right) < 2, policy);
    }
  }
  assert.equal(layTimeline(none, 'GiB', 700).before, null);
  assert.equal(layTimeline(none, 'GiB', 700, { ...none, timeline: [] }).before, null);
});

test('a policy’s size is said as other sizes are, or in the unit that it was given in', () => {
  for (const [policy, units, text] of [['budget:37610423048', 'GiB', 'budget:35.0 GiB'], ['rotor:21474836480', 'GB', 'rotor:21.5 GB'], ['budget:5', 'bytes', 'budget:5 B'], ['budget:5B', 'bytes', 'budget:5 B'], ['budget:35.1GiB', 'GB', 'budget:35.1GiB'], ['every:4', 'GiB', 'every:4'], ['memory-budget:0.5', 'GiB', 'memory-budget:0.5']])
    assert.equal(policyText(policy, units).replace('\u00a0', ' '), text);
});

test('labels of crowded policies keep clear of each other and, where there is room, of the frontier', () => {
  for (const width of [360, 640]) {
    for (const [query, report] of FOUND) {
      const forward = report.cost.forward_time_us;
      const plans = frontierOf(report.checkpoint);
      const layout = layTradeoff(report.checkpoint.plans, { again: (p) => timeOf(p, 'recomputed_time') / forward, reach: plans.map((p) => ({ again: againOf(p, forward), memory: p.peak_bytes })) }, 'activations', 'GiB', width);
      const boxes = layout.spots.filter((s) => s.label.text !== '').map(({ label }) => {
        const w = label.text.length * 6.5;
        const left = label.anchor === 'start' ? label.x : label.anchor === 'end' ? label.x - w : label.x - w / 2;
        return [left, label.y - 8, left + w, label.y + 8];
      });
      /* What another policy beats may go without in a crowd; of the others one at most. */
      const named = layout.spots.filter((s) => s.pareto || s.chosen);
      assert.ok(named.filter((s) => s.label.text !== '').length >= named.length - 1, `${query} ${width}: ${boxes.length} of ${layout.spots.length}`);
      for (const spot of layout.spots.filter((s) => s.label.text === '' && !s.pareto)) assert.ok(layout.spots.some((o) => o !== spot && Math.hypot(o.x - spot.x, o.y - spot.y) < 76), `${query} ${width}: ${spot.plans[0][0].policy}`);
      boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => assert.ok(!(a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]), `${query} ${width}`)));
    }
  }
});
