/* Who draws next: one part of the page in a task, the next once that is painted. So a key or a tap waits for one part at most, not for all of them. */
import { nextPaint, whenIdle } from './afterwards';

interface Turn {
  /** It is near the window: it waits for no idle moment, and goes before those that are not. */
  near: boolean;
  draw: () => void;
}

const waiting: Turn[] = [];
/* Calls off the wait for an idle moment, while that is what is waited for. */
let idling: (() => void) | null = null;
let busy = false;

/** Calls `draw` in its turn; returns what calls it off. */
export function takeTurn(near: boolean, draw: () => void): () => void {
  const turn: Turn = { near, draw };
  waiting.push(turn);
  if (!busy) next();
  else if (idling !== null) {
    /* Something has just changed: that was no idle moment. */
    idling();
    if (near) soon();
    else idling = whenIdle(give);
  }
  return () => {
    const at = waiting.indexOf(turn);
    if (at >= 0) waiting.splice(at, 1);
  };
}

function next(): void {
  busy = waiting.length > 0;
  if (!busy) return;
  if (waiting.some(({ near }) => near)) soon();
  else idling = whenIdle(give);
}

function soon(): void {
  idling = null;
  setTimeout(give);
}

function give(): void {
  idling = null;
  const at = waiting.findIndex(({ near }) => near);
  waiting.splice(Math.max(0, at), 1)[0]?.draw();
  nextPaint(next);
}
