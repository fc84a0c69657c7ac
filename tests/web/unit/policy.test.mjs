import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { close, load, root } from './modules.mjs';

after(close);
const { headers, policy } = await load('plugins/policy.ts');

test('what is documented for hosts is the policy of the pages', async () => {
  const text = await readFile(join(root, 'docs/hosting.md'), 'utf8');
  assert.equal(text.split(policy).length - 1, 3);
  for (const line of headers().split('\n').filter((line) => /^ {2}(X-|Referrer|Permissions)/.test(line))) assert.ok(text.includes(line.trim()), line);
});

test('the policy takes nothing inline and nothing from elsewhere', () => {
  assert.ok(!/unsafe-inline|'unsafe-eval'|https?:|\*/.test(policy), policy);
  assert.match(policy, /^default-src 'none'/);
});
