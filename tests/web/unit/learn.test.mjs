/* The lessons: formulas as trees, a layer taken apart, figures inside sentences, the game's board. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { close, load, loadCore, root } from './modules.mjs';

globalThis.matchMedia = () => ({ matches: false, addEventListener: () => undefined });

const { parseExpression, termsOf } = await load('src/format/expression.ts');
const { takeApart } = await load('src/learn/coefficients.tsx');
const { figureOf, saidText, exactText } = await load('src/learn/figures.ts');
const { usualLayer } = await load('src/format/layers.ts');
const { equalRegions, firstLayers, placed, regionsOf, settled } = await load('src/learn/game-plan.ts');
const { bestTimes, cheapestAt, goalsOf } = await load('src/learn/game.tsx');
const { codesOf } = await load('src/learn/stacks.tsx');
const { scoreText } = await load('src/learn/quiz.ts');
const core = await loadCore();
after(close);

const QUERIES = ['', 'attention=eager', 'model=gpt2&dropout=0.1&attention=eager', 'trainable=lora', 'model=mixtral-8x7b', 'model=deepseek-v3', 'model=gpt3-175b&stack=paper&tp=8&sp=yes', 'dtype=fp32&autocast=bf16', 'attention=efficient&seq=1000'];

/** A tree as text again. */
const textOf = (node) => {
  switch (node.kind) {
    case 'sum':
      return node.terms.map(({ sign, node: term }, i) => (i === 0 ? sign : ` ${sign} `) + textOf(term)).join('');
    case 'product':
      return node.factors.map(({ sign, node: factor }) => sign + textOf(factor)).join('');
    case 'power':
      return textOf(node.base) + { 2: '²', 3: '³' }[node.exponent];
    case 'root':
      return `√${textOf(node.inner)}`;
    case 'group':
      return `(${textOf(node.inner)})`;
    case 'ceiling':
      return `⌈${textOf(node.inner)}⌉`;
    case 'call':
      return `${node.name}(${node.inner.map(textOf).join(', ')})`;
    default:
      return node.text;
  }
};

test('every formula that the core writes or has published is a tree, and the tree says it again', () => {
  const texts = [...QUERIES.flatMap((query) => { const r = core.evaluate(query); return [r.saved.formula, ...r.saved.layers.map((l) => l.formula), ...r.rows.map((row) => row.formula)]; }), ...core.table.formulas.flatMap((f) => [f.expression, f.layer_expression, f.full_expression])].filter(Boolean);
  assert.ok(texts.length > 200);
  const even = (text) => text.replaceAll(/\s/g, '').replaceAll('-', '−');
  for (const text of texts) {
    const tree = parseExpression(text);
    assert.ok(tree !== null, text);
    assert.equal(even(textOf(tree)), even(text));
  }
  for (const text of ['', '2·', '(s', 's)', '4 s', '⌈s', 'max(s', '2 + + 3', '#']) assert.equal(parseExpression(text), null, text);
});

test('the coefficients of a layer\u2019s tensors add up to the formula\u2019s', () => {
  for (const query of QUERIES) {
    const report = core.evaluate(query);
    const terms = takeApart(report);
    assert.equal(terms.length, termsOf(usualLayer(report).formula).length);
    for (const { of, coefficient, addends } of terms) assert.equal(addends.reduce((sum, a) => sum + a.coefficient, 0), coefficient, `${query}: ${of}`);
    assert.equal(new Set(terms.flatMap((t) => t.addends).map((a) => a.row)).size, report.rows.filter((row) => row.scope === usualLayer(report).kind).length);
  }
});

test('figures are read off the report', () => {
  const report = core.evaluate('model=llama-3-8b&seq=8192&attention=eager');
  const said = (name) => figureOf(name, report, core.tables.fields);
  assert.deepEqual(said('saved'), { bytes: report.saved.bytes });
  assert.deepEqual(said('layer'), { bytes: report.saved.layers[0].bytes });
  assert.deepEqual(said('sbh'), { text: '436.0' });
  assert.deepEqual(said('c'), { text: '218.0' });
  assert.deepEqual(said('formula:34sbhl'), { bytes: 34 * 8192 * 4096 * 32 });
  assert.deepEqual(said('component:attention'), { bytes: report.components.find((c) => c.component === 'attention').bytes });
  assert.deepEqual(said('saved-of:full'), { bytes: report.checkpoint.plans.find((p) => p.policy === 'full' && !p.reentrant).saved_bytes });
  assert.equal(said('formula:none-of-that-name'), null);
  assert.equal(said('no-such-figure'), null);
  assert.equal(saidText({ bytes: 2 ** 31 }, 'GiB'), '2.00\u00a0GiB');
  assert.equal(saidText(null, 'GiB'), '–');
  assert.equal(exactText({ bytes: 2 ** 31 }), '2,147,483,648\u00a0bytes');
});

test('every figure of the page is one that its inputs have, and what stands there without JavaScript is it', async () => {
  const html = await readFile(new URL('web/learn.html', `file://${root}`), 'utf8');
  const elements = [...html.matchAll(/<(?:a|data|b|span)\b([^>]*\bdata-figure="([^"]+)"[^>]*)>([^<]*)</g)];
  assert.ok(elements.length > 80);
  for (const [, attributes, name, text] of elements) {
    const query = (/href="\.\/#([^"]*)"/.exec(attributes)?.[1] ?? '').replaceAll('&amp;', '&');
    const units = /data-units="(\w+)"/.exec(attributes)?.[1] ?? 'GiB';
    const said = figureOf(name, core.evaluate(query), core.tables.fields);
    assert.ok(said !== null, `${name} of ${query}`);
    assert.equal(text.replaceAll('&nbsp;', '\u00a0'), saidText(said, units), `${name} of ${query}`);
  }
});

test('a board is a list of regions', () => {
  const board = (text) => [...text].map((c) => ({ k: 'keep', c: 'begin', j: 'join' })[c]);
  for (const [pieces, regions] of [['kkkk', '4x0'], ['cccc', '4x1'], ['cjjj', '4'], ['cjcj', '2x2'], ['ckcj', '1,0,2'], ['ccjkkcjj', '1,2,2x0,3'], ['jkjj', '1,0,2']]) {
    assert.equal(regionsOf(board(pieces)), `regions:${regions}`, pieces);
  }
  assert.deepEqual(settled(board('jkj')), board('ckc'));
  assert.deepEqual(placed(board('cjj'), 0, 'keep'), board('kcj'));
  assert.deepEqual(equalRegions(5, 2), board('cjcjc'));
  assert.deepEqual(equalRegions(3, 0), board('kkk'));
  assert.deepEqual(firstLayers(3, 2), board('cck'));
});

test('the core plays what a board says: equal regions are the policies of that name', () => {
  for (const [pieces, policy] of [[equalRegions(32, 0), 'none'], [equalRegions(32, 1), 'full'], [equalRegions(32, 4), 'every:4'], [firstLayers(32, 16), 'block:16']]) {
    const [listed, named] = [regionsOf(pieces), policy].map((checkpoint) => core.evaluate(`checkpoint=${checkpoint}&timeline=none`));
    assert.deepEqual(listed.step, named.step, policy);
    assert.equal(listed.saved.bytes, named.saved.bytes);
    assert.equal(listed.checkpoint.recomputed_flops, named.checkpoint.recomputed_flops);
  }
});

test('a goal is reached by any plan that peaks no higher, and the least time counts', () => {
  const ask = (checkpoint) => core.evaluate(`model=llama-3-8b&timeline=none&checkpoint=${checkpoint}`).checkpoint;
  const own = (checkpoint) => ask(checkpoint).plans.find((p) => p.chosen);
  const goals = goalsOf(ask('none').plans);
  assert.equal(goals.length, 4);
  assert.equal(bestTimes(goals, own('regions:32x0'), new Map()).size, 0);
  const half = bestTimes(goals, own('regions:16x1,16x0'), new Map());
  assert.ok(half.has(goals[0].name) && !half.has(goals[2].name));
  const full = bestTimes(goals, own('regions:32x1'), half);
  assert.ok(full.has(goals[2].name));
  assert.equal(full.get(goals[0].name), half.get(goals[0].name), 'less time than before only');
  assert.ok(bestTimes(goals, own('regions:4x7,4'), new Map()).has(goals[3].name));
  assert.ok(goals.every((goal) => goal.par === null), 'not without the frontier');
  const { frontier, plans } = core.evaluate('model=llama-3-8b&timeline=none&frontier=yes').checkpoint;
  for (const { name, peak, par } of goalsOf(plans)) {
    assert.ok(par >= 0 && (full.get(name) ?? Infinity) >= par - 1e-6, name);
    const marked = cheapestAt(frontier, peak);
    assert.ok(marked.peak_bytes <= peak && marked.recomputed_time_us >= par - 1e-6, name);
  }
  assert.equal(cheapestAt(frontier, 1), undefined);
});

test('a model stands beside itself in each code that runs it, the one that keeps most first', () => {
  const names = codesOf('model=llama-3-8b&seq=2048&checkpoint=full', core, core).map((c) => c.name);
  assert.ok(names.length >= 5, names.join());
  assert.equal(names[0], 'transformers, eager attention');
  assert.ok(!names.includes('nanoGPT'));
  assert.ok(codesOf('model=gpt2', core, core).some((c) => c.name === 'nanoGPT'));
});

test('the score counts what was answered', () => {
  assert.equal(scoreText(['right', 'wrong', undefined, undefined]), '1 of 2 right, 2 to go.');
  assert.equal(scoreText(['right', 'right']), '2 of 2 right.');
});
