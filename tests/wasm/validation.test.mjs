/** tools/validation.mjs: the command that the Validation page shows under a case is one that prints the case's figures. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { native } from './native.mjs';

const { rows, figures } = JSON.parse(readFileSync('build/validation.json', 'utf8'));
const PATH = { saved_bytes: ['saved', 'bytes'], live_after_forward: ['step', 'after_forward_bytes'], forward_peak: ['step', 'forward_peak_bytes'], backward_peak: ['step', 'backward_peak_bytes'], step_peak: ['step', 'peak_bytes'] };

test('the command under each measured case prints what stands beside it', () => {
  for (const [, name, command, measured, different] of rows) {
    const [program, ...words] = command.split(' ');
    assert.equal(program, 'build/actmem', name);
    const report = JSON.parse(native(...words));
    assert.equal(report.error, undefined, `${command}: ${report.error?.message}`);
    for (const [i, figure] of figures.entries()) {
      const [part, key] = PATH[figure];
      const shown = different?.[i] ?? measured[i];
      if (shown !== null) assert.equal(report[part][key], shown, `${command}: ${figure}`);
    }
  }
});
