import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load, loadCore } from './modules.mjs';

after(close);
const { scopesOf, largest, modulesOf } = await load('src/state/ledger.ts');
/* What names are measured with, without a browser. */
globalThis.document = { createElement: () => ({ getContext: () => ({ measureText: (text) => ({ width: text.length * 6.5 }) }) }) };
globalThis.getComputedStyle = () => ({ getPropertyValue: () => 'sans-serif' });
const { layLayer, stationWidth } = await load('src/charts/layer-layout.ts');
const { layBar, activationPeak } = await load('src/charts/bar-layout.ts');
const { layTimeline } = await load('src/charts/timeline-layout.ts');
const { fillParts, layParts } = await load('src/charts/parts-layout.ts');
const { isPareto, measureOf } = await load('src/charts/tradeoff-measure.ts');
const core = await loadCore();

const QUERIES = ['model=llama-3-70b&stack=megatron&tp=8'].concat(core.tables.presets.flatMap(({ name }) => ['', '&checkpoint=full', '&attention=eager', '&checkpoint=save:matmuls', '&checkpoint=block:2', '&trainable=lora'].map((rest) => `model=${name}&seq=512${rest}`)));
const reports = QUERIES.flatMap((query) => {
  try {
    return [[query, core.evaluate(query)]];
  } catch (error) {
    return error.name === 'ActmemError' ? [] : [error];
  }
});

test('every row stands once in a scope', () => {
  assert.ok(reports.length > 30);
  for (const [query, report] of reports) {
    const entries = scopesOf(report).flatMap((s) => s.entries);
    assert.equal(entries.length, report.rows.length + report.dropped.length, query);
    assert.equal(new Set(entries.map((e) => e.id)).size, entries.length, query);
    const kept = entries.filter((e) => e.fate === 'kept').map((e) => Number(e.id.slice(5)));
    assert.equal(kept.length, report.rows.length, query);
  }
});

test('the picture: every tensor once, nothing overlaps, nothing sticks out, at any width', () => {
  for (const [query, report] of reports) {
    for (const scope of scopesOf(report)) {
      for (const width of [300, 358, 780, 928]) {
        const layout = layLayer(scope, width);
        const marks = layout.branches.flatMap((b) => b.marks);
        assert.deepEqual(new Set(marks.map((m) => m.entry.id)), new Set(scope.entries.map((e) => e.id)), query);
        for (const branch of layout.branches) {
          assert.ok(branch.x >= 0 && branch.x + branch.width <= width, `${query} ${width}`);
          const ys = [...branch.marks, ...branch.stations].map((m) => m.y).sort((x, y) => x - y);
          for (let i = 1; i < ys.length; i++) assert.ok(ys[i] - ys[i - 1] >= 20, `${query} ${width}: ${ys[i - 1]} ${ys[i]}`);
          for (const station of branch.stations) assert.ok(14 + station.x + stationWidth(station) <= branch.width, `${query} ${width}: ${station.module} ${station.op}`);
          for (const mark of branch.marks) assert.ok(mark.x + mark.width < layout.bytesX && mark.y + mark.height / 2 < branch.height, query);
        }
      }
    }
  }
});

/* Attention and MLP read the same norm's output, side by side, or norms stand elsewhere: the branches are not those of two pre-norms. */
const OTHERWISE = new Set(['phi', 'gptj', 'cohere', 'cohere2', 'olmo2', 'gemma2', 'gemma3_text', 'glm4', 'mpt', 'smollm3', 'falcon', 'olmo3', 'exaone4', 'hyperclovax']);

test('the picture of a layer has an attention branch and an MLP branch, whatever the family', () => {
  for (const [query, report] of reports) {
    if (report.config.stack === 'paper') continue;
    const layer = scopesOf(report).findLast((s) => s.kind === 'layer'); // the first one's MLP may keep nothing: its input needs no gradient with adapters behind it
    const branches = layLayer(layer, 900).branches.map((b) => b.stations.map((s) => s.component));
    if (OTHERWISE.has(report.config.family) || report.config.pre_norm === 'no') continue;
    assert.equal(branches.length, 2, `${query}: ${JSON.stringify(branches)}`);
    assert.ok(branches[0].includes('attention') && !branches[0].includes('mlp'), query);
    assert.ok(branches[1].includes('mlp') && !branches[1].includes('attention'), query);
  }
});

test('areas of marks are as their bytes', () => {
  const layer = scopesOf(core.evaluate('model=llama-3-8b')).find((s) => s.kind === 'layer');
  const marks = layLayer(layer, 900).branches.flatMap((b) => b.marks).filter((m) => !m.tiny);
  const ratios = marks.map((m) => (m.width * m.height) / m.entry.row.bytes);
  for (const ratio of ratios) assert.ok(Math.abs(ratio / ratios[0] - 1) < 1e-9);
});

test('the bar: blocks as the components, pieces fill them, lines of the list apart', () => {
  for (const [query, report] of reports) {
    const bar = layBar(report, scopesOf(report), 400);
    assert.equal(bar.blocks.length, report.components.length, query);
    const scale = (bar.base - bar.savedY) / report.saved.bytes;
    bar.blocks.forEach((block, i) => {
      assert.ok(Math.abs(block.height - block.bytes * scale) < 0.01, `${query} ${block.component}`);
      assert.ok(Math.abs(block.pieces.reduce((sum, p) => sum + p.height, 0) - block.height) < 0.01, query);
      assert.ok(i === 0 || block.lineY - bar.blocks[i - 1].lineY >= 25.9, query);
      assert.ok(block.lineY >= 0 && block.lineY <= 400, query);
    });
    assert.ok(bar.peakY <= bar.savedY + 0.01 || activationPeak(report.step) < report.saved.bytes, query);
  }
});

test('the timeline keeps its peak at any width', () => {
  for (const [query, report] of reports) {
    if (report.step.timeline.length === 0) continue;
    for (const width of [300, 1300]) {
      const layout = layTimeline(report.step, 'GiB', width);
      assert.ok(layout.line.includes(`${+layout.peak.y.toFixed(3)}`), query);
      assert.ok(layout.peak.x >= layout.frame.left - 0.01 && layout.peak.x <= layout.frame.right + 0.01, query);
      assert.ok(!/NaN/.test(layout.line + layout.area), query);
    }
  }
});

test('areas of the timeline stand on one another, up to its line', () => {
  for (const policy of ['none', 'full', 'every:4', 'revolve:3', 'block:9']) {
    const { step } = core.evaluate(`model=llama-3-8b&checkpoint=${policy}&timeline=components`);
    for (const course of [step, step.without_checkpointing].filter((c) => c !== undefined)) {
      for (const width of [300, 1300]) {
        const layout = layTimeline(course, 'GiB', width);
        const parts = fillParts(course.timeline, course.timeline_parts);
        const areas = layParts(course.timeline, parts, layout);
        assert.deepEqual(areas.map((a) => a.part).sort(), course.timeline_parts.map((p) => p.part).sort(), policy);
        assert.equal(areas.at(-1).edge, layout.line, policy);
        assert.ok(!/NaN/.test(areas.map((a) => a.area + a.edge).join()), policy);
        for (const { i, point } of layout.readings) assert.ok(Math.abs(parts.reduce((sum, p) => sum + p.bytes[i], 0) - point[4]) < 1, policy);
      }
    }
  }
});

test('Pareto plans', () => {
  const { plans } = core.evaluate('model=llama-3-8b').checkpoint;
  for (const measure of ['saved', 'activations', 'step']) {
    for (const plan of plans) {
      const better = plans.some((p) => measureOf(p, measure) < measureOf(plan, measure) && p.recomputed_flops < plan.recomputed_flops);
      if (better) assert.ok(!isPareto(plan, plans, measure));
    }
    assert.ok(plans.some((p) => isPareto(p, plans, measure)));
  }
});

test('the tensor described first is the largest', () => {
  assert.equal(largest(scopesOf(core.evaluate('model=llama-3-8b'))).entry.row.bytes, 58720256);
});

test('every module of a layer is drawn where the forward pass goes through it, side by side if nothing is kept between', () => {
  for (const [query, expected] of [
    ['model=llama-3-8b', ['input_layernorm', 'self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn', 'self_attn.o_proj', 'post_attention_layernorm', 'mlp.gate_proj', 'mlp.act_fn', 'mlp.up_proj', 'mlp', 'mlp.down_proj']],
    ['model=llama-3-8b&checkpoint=full', ['input_layernorm', 'self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn', 'self_attn.o_proj', 'post_attention_layernorm', 'mlp.gate_proj', 'mlp.act_fn', 'mlp.up_proj', 'mlp', 'mlp.down_proj']],
    ['model=gpt2', ['ln_1', 'attn.c_attn', 'attn', 'attn.c_proj', 'attn.resid_dropout', 'ln_2', 'mlp.c_fc', 'mlp.act', 'mlp.c_proj', 'mlp.dropout']],
  ]) {
    const report = core.evaluate(query);
    const [scope] = scopesOf(report);
    for (const width of [330, 900]) {
      const { branches } = layLayer(scope, width, modulesOf(report.step, scope));
      const modules = branches.flatMap((b) => b.stations.map((s) => s.module)).filter((m) => m !== '');
      assert.deepEqual([...new Set(modules)], expected, `${query} ${width}`);
      for (const { stations, width: room } of branches) {
        for (const [i, station] of stations.entries()) {
          assert.ok(14 + station.x + stationWidth({ ...station, op: '' }) <= room + 14, `${query} ${width} ${station.module}`);
          const next = stations[i + 1];
          if (next?.y === station.y) assert.ok(next.x >= station.x + stationWidth(station), station.module);
        }
      }
    }
    assert.equal(modulesOf({ ...report.step, timeline: [] }, scope).length, 0);
  }
  const report = core.evaluate('model=llama-3-8b');
  const [scope] = scopesOf(report);
  const rows = layLayer(scope, 900, modulesOf(report.step, scope)).branches[0].stations;
  const y = (module) => rows.find((s) => s.module === module).y;
  assert.equal(y('self_attn.q_proj'), y('self_attn.v_proj'));
  assert.ok(y('self_attn.o_proj') > y('self_attn'));
});

test('what a policy keeps stands where the forward pass makes it, also where its module drops nothing', () => {
  for (const [query, made, drawn] of [
    ['model=llama-3-8b&checkpoint=budget:4GiB', ['self_attn.k_proj', 'self_attn.v_proj'], 'self_attn'],
    ['model=gpt-j-6b&checkpoint=save:matmuls', ['mlp.fc_in'], 'mlp.act'],
  ]) {
    const report = core.evaluate(query);
    const scope = scopesOf(report).find((s) => made.every((module) => s.entries.some((e) => e.row.module === module && e.fate === 'kept')));
    const modules = scope.entries.map((e) => e.row.module);
    for (const module of made) {
      assert.ok(!scope.entries.some((e) => e.row.module === module && e.fate === 'recomputed'), `${query}: ${module} drops something`);
      assert.ok(modules.indexOf(module) < modules.indexOf(drawn), `${query}: ${modules.join(' ')}`);
    }
  }
});
