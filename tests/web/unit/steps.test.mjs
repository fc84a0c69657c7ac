/* Undo and redo. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load } from './modules.mjs';

after(close);
const { Steps } = await load('src/state/steps.ts');

test('choices are steps, a number while it is typed is one', () => {
  const steps = new Steps('');
  assert.equal(steps.undo(), null);
  steps.take('seq=1', true, 0);
  steps.take('seq=16', true, 100);
  steps.take('seq=163', true, 200);
  steps.take('seq=163&batch=2', false, 300);
  steps.take('seq=163&batch=3', true, 5000);
  steps.take('seq=163&batch=4', true, 9000);
  assert.deepEqual([steps.undo(), steps.undo(), steps.undo(), steps.undo(), steps.undo()], ['seq=163&batch=3', 'seq=163&batch=2', 'seq=163', '', null]);
  assert.equal(steps.undoes, false);
  assert.deepEqual([steps.redo(), steps.redo()], ['seq=163', 'seq=163&batch=2']);
});

test('another change after undoing takes the place of what was undone; the same text is no step', () => {
  const steps = new Steps('a');
  steps.take('b', false);
  steps.take('b', false);
  assert.equal(steps.undo(), 'a');
  assert.equal(steps.redoes, true);
  steps.take('c', false);
  assert.equal(steps.redoes, false);
  assert.equal(steps.redo(), null);
  assert.equal(steps.undo(), 'a');
});
