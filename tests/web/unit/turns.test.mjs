/* Who draws next: what is near first, one part a frame, and what is out of sight only once nothing changes. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, load } from './modules.mjs';

after(close);
/* The browser's clock, moved by hand. */
const idle = [];
const frames = [];
globalThis.window = globalThis;
globalThis.requestIdleCallback = (then) => idle.push(then);
globalThis.cancelIdleCallback = (id) => (idle[id - 1] = undefined);
globalThis.requestAnimationFrame = (then) => frames.push(then);
const { takeTurn } = await load('src/state/turns.ts');

/** What is drawn meanwhile, in order. `idly`: the page has nothing else to do. */
function frame(timers, drawn, idly = true) {
  const before = drawn.length;
  timers.tick(1);
  if (idly) for (const then of idle.splice(0)) then?.();
  for (const then of frames.splice(0)) then();
  return drawn.slice(before).join();
}

test('one part a frame, in order, what is near before what is not', ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const drawn = [];
  for (const [name, near] of [['a', false], ['b', false], ['C', true], ['d', false], ['E', true]]) takeTurn(near, () => drawn.push(name));
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => frame(mock.timers, drawn)), ['C', 'E', 'a', 'b', 'd', '']);
});

test('what is called off is not drawn, and another takes its place', ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const drawn = [];
  const off = takeTurn(true, () => drawn.push('a'));
  takeTurn(true, () => drawn.push('b'));
  off();
  assert.deepEqual([1, 2].map(() => frame(mock.timers, drawn)), ['b', '']);
});

test('what is out of sight waits for an idle moment, and anew after each change; what is near does not', ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const drawn = [];
  let off = takeTurn(false, () => drawn.push('far'));
  for (let change = 0; change < 3; change++) {
    assert.equal(frame(mock.timers, drawn, false), '');
    off();
    off = takeTurn(false, () => drawn.push('far'));
    assert.equal(idle.filter((then) => then !== undefined).length, 1);
  }
  takeTurn(true, () => drawn.push('NEAR'));
  assert.deepEqual([frame(mock.timers, drawn, false), frame(mock.timers, drawn, false), frame(mock.timers, drawn)], ['NEAR', '', 'far']);
});
