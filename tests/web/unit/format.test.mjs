import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load } from './modules.mjs';

after(close);
const { formatCount, formatTick, formatBytes, exactBytes, formatPercent, formatParameters, axisUnit } = await load('src/format/bytes.ts');
const { tokenise, tokeniseSubstituted } = await load('src/format/formula.ts');
const { choiceText } = await load('src/format/words.ts');
const plain = (text) => text.replaceAll('\u00a0', ' ');

test('bytes: three digits, the next unit where they would be four, never a mixed system', () => {
  const cases = [
    [0, 'GiB', '0 B'],
    [1, 'GiB', '1 B'],
    [999, 'GiB', '999 B'],
    [1000, 'GiB', '0.977 KiB'],
    [1023, 'GiB', '0.999 KiB'],
    [1024, 'GiB', '1.00 KiB'],
    [10235, 'GiB', '10.0 KiB'],
    [1048575, 'GiB', '1.00 MiB'],
    [411320344, 'GiB', '392 MiB'],
    [14281106188, 'GiB', '13.3 GiB'],
    [14281106188, 'GB', '14.3 GB'],
    [999499, 'GB', '999 kB'],
    [999500, 'GB', '1.00 MB'],
    [14281106188, 'bytes', '14,281,106,188 B'],
    [2 ** 53, 'GiB', '8.00 PiB'],
  ];
  for (const [n, units, text] of cases) assert.equal(plain(formatBytes(n, units)), text);
  assert.equal(plain(exactBytes(14281106188)), '14,281,106,188 bytes');
  assert.equal(plain(exactBytes(1)), '1 byte');
});

test('percents and parameter counts', () => {
  assert.deepEqual([0, 0.0004, 0.004, 0.0995, 0.7013, 0.9965, 0.9999, 1, 1.2].map((r) => plain(formatPercent(r))), ['0 %', '<0.1 %', '0.4 %', '10 %', '70 %', '99.7 %', '>99.9 %', '100 %', '120 %']);
  assert.equal(plain(formatParameters(8030261248)), '8.03 billion');
  assert.equal(plain(formatParameters(999999999)), '1.00 billion');
  assert.equal(plain(formatParameters(124439808)), '124 million');
});

test('an axis has one unit', () => {
  assert.deepEqual(axisUnit(15e9, 'GiB'), { divisor: 2 ** 30, unit: 'GiB' });
  assert.deepEqual(axisUnit(15e9, 'GB'), { divisor: 1e9, unit: 'GB' });
  assert.deepEqual(axisUnit(15e9, 'bytes'), { divisor: 1, unit: 'B' });
});

const SYMBOLS = [
  { symbol: 's', key: 'seq', name: '' },
  { symbol: 'b', key: 'batch', name: '' },
  { symbol: 'h', key: 'hidden', name: '' },
  { symbol: '(s+1)', key: 'seq', name: '' },
  { symbol: '⌈s/32⌉·32', key: 'seq', name: '' },
];
const keys = (tokens) => tokens.filter((t) => t.key).map((t) => `${t.text}:${t.key}`);

test('formulas: the longest symbol first, and numbers take the input of the symbol in their place', () => {
  assert.deepEqual(keys(tokenise('8·b·(s+1) + 2·s²·h', SYMBOLS)), ['b:batch', '(s+1):seq', 's:seq', 'h:hidden']);
  assert.equal(tokenise('4·⌈s/32⌉·32·b', SYMBOLS).map((t) => t.text).join(''), '4·⌈s/32⌉·32·b');
  assert.deepEqual(keys(tokeniseSubstituted('8·1·2049 + 2·2048²·4096', '8·b·(s+1) + 2·s²·h', SYMBOLS)), ['1:batch', '2049:seq', '2048:seq', '4096:hidden']);
  assert.deepEqual(tokeniseSubstituted('1·2·3', 's', SYMBOLS), [{ text: '1·2·3' }], 'where the two do not match, nothing is coloured');
});

test('a choice is explained by its help', () => {
  const field = { help: 'whose code runs: hf (transformers) or paper (Korthikanti et al. 2022)' };
  assert.equal(choiceText(field, 'hf'), 'hf: transformers');
  assert.equal(choiceText(field, 'paper'), 'paper: Korthikanti et al. 2022');
  assert.equal(choiceText(field, 'er'), 'er');
});

test('help is shortened to a sentence or clause', async () => {
  const { briefHelp } = await load('src/form/shell.tsx');
  assert.equal(briefHelp('tokens in each sequence; default: 2048, or as many as the model has learned positions'), 'tokens in each sequence');
  assert.equal(briefHelp('Brown et al. 2020, arXiv 2005.14165, table 2.1; vocabulary of 51200 as in another paper'), 'Brown et al. 2020, arXiv 2005.14165, table 2.1');
});

test('the answer names what is not as preset or default', async () => {
  const { loadCore } = await import('./modules.mjs');
  const { subject, conditions } = await load('src/format/subject.ts');
  const core = await loadCore();
  const { fields } = core.tables;
  const said = (query) => [subject(core.evaluate(query), fields), ...conditions(core.evaluate(query), fields)];
  assert.deepEqual(said('model=gpt2&layers=1&batch=2&units=GB'), ['GPT-2 124M with layers=1']);
  assert.deepEqual(said('model=qwen3-4b&attention=eager&trainable=lora'), ['Qwen3 4B', 'eager attention', 'LoRA on q, v']);
});

test('numbers are grouped by thousands before the point, counts to a whole one', () => {
  for (const n of [0, 7, 999, 1000, 12345.6, 1234567, 2 ** 53, -1, -1234.5, 0.4, -0.4, 1e15]) assert.equal(formatCount(n), (Math.round(Math.abs(n)) * Math.sign(n) || 0).toLocaleString('en-US'), `${n}`);
  for (const [n, text] of [[0.25, '0.25'], [1234.5, '1,234.5'], [-2500, '-2,500'], [1000000, '1,000,000'], [12345.6789, '12,345.6789']]) assert.equal(formatTick(n), text);
});
