/* docs/architecture.md: which file of core/ belongs to which part of the flow. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../../', import.meta.url);
const text = readFileSync(new URL('docs/architecture.md', root), 'utf8');
const section = text.slice(text.indexOf('## Where what is'), text.indexOf('## Why it is so'));
const named = [...section.matchAll(/^\| [^|]* \|(.*)\|$/gm)].flatMap(([, files]) => [...files.matchAll(/`([a-z0-9_.]+)`/g)].map(([, name]) => name));

test('every file of core/ stands in one part of the flow, and nothing else does', () => {
  const files = readdirSync(new URL('core/', root)).map((file) => (file.endsWith('.def') ? file : file.replace(/\.[ch]$/, '')));
  assert.deepEqual([...named].sort(), [...new Set(files)].sort());
});
