import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load, loadCore } from './modules.mjs';

after(close);
const { toCsv, toLatex, toMarkdown, toText } = await load('src/format/export.ts');
const { elementSnippet, frameSnippet } = await load('src/format/snippet.ts');
const { evaluate, tables } = await loadCore();

const exported = (query) => ({ report: evaluate(query), fields: tables.fields, units: 'GiB', link: `https://example.org/a_b/#${query}` });
const QUERIES = ['model=llama-3-8b', 'model=gpt2&dropout=0.1&attention=eager', 'model=mixtral-8x7b&checkpoint=full', 'model=llama-3-70b&stack=megatron&tp=8&pp=4'];

/* As RFC 4180 has it, read without what wrote it. */
const readCsv = (text) => {
  const rows = [];
  let row = [];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push(row.splice(0));
  }
  return rows;
};

test('CSV: every tensor on a line; bytes times count are what is kept', () => {
  for (const query of QUERIES) {
    const { report, ...rest } = exported(query);
    const [head, ...rows] = readCsv(toCsv({ report, ...rest }));
    assert.equal(rows.length, report.rows.length, query);
    assert.ok(rows.every((row) => row.length === head.length));
    const [bytes, count, why] = ['bytes', 'count', 'why'].map((name) => head.indexOf(name));
    assert.equal(rows.reduce((sum, row) => sum + Number(row[bytes]) * Number(row[count]), 0), report.saved.bytes, query);
    assert.deepEqual(rows.map((row) => row[why]), report.rows.map((row) => row.why));
  }
});

test('Markdown and text: components add up to what is kept', () => {
  for (const query of QUERIES) {
    const one = exported(query);
    const cells = [...toMarkdown(one).matchAll(/^\| (\**)([^|*]+)\** \| [^|]+ \| ([\d,]+) \|$/gm)].map(([, bold, name, bytes]) => [bold, name, Number(bytes.replaceAll(',', ''))]);
    assert.equal(cells.filter(([bold]) => bold === '').reduce((sum, [, , bytes]) => sum + bytes, 0), one.report.saved.bytes, query);
    assert.equal(cells.find(([, name]) => name === 'Kept')[2], one.report.saved.bytes);
    assert.ok(toText(one).includes(`${one.report.saved.bytes.toLocaleString('en-US')} bytes`));
    assert.ok(toText(one).includes(one.link));
  }
});

test('LaTeX: braces balance, nothing special is left as it is', () => {
  for (const query of QUERIES) {
    const text = toLatex(exported(query)).replace(/^%.*/gm, '');
    let depth = 0;
    for (const brace of text.replace(/\\[{}]/g, '').match(/[{}]/g)) assert.ok((depth += brace === '{' ? 1 : -1) >= 0);
    assert.equal(depth, 0);
    const said = text.replace(/\\url\{[^}]*\}/g, '').replace(/\\[%&#$_{}]/g, '');
    assert.ok(!/[%#_]/.test(said) && !/[^\x00-\x7f]/.test(said), said);
  }
});

test('snippets carry any query and any words into attributes', () => {
  const snippet = { site: 'https://example.org/', view: 'compare', query: 'model=gpt2&seq=8', against: 'dropout=0.1&batch=2', still: true, scheme: 'dark', words: 'A "model" & <more>' };
  assert.equal(
    elementSnippet(snippet),
    '<script async src="https://example.org/widget.js"></script>\n<activation-memory view="compare" against="dropout=0.1&amp;batch=2" still scheme="dark" query="model=gpt2&amp;seq=8">\n  <p>A &quot;model&quot; &amp; &lt;more>.</p>\n</activation-memory>\n',
  );
  assert.equal(
    frameSnippet(snippet, 412),
    '<iframe title="A &quot;model&quot; &amp; &lt;more>" src="https://example.org/embed.html?view=compare&amp;against=dropout%3D0.1%26batch%3D2&amp;still&amp;scheme=dark#model=gpt2&amp;seq=8" width="100%" height="412" loading="lazy"></iframe>\n',
  );
});
