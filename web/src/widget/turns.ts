/* Ten figures on a page that come near together start one a frame: scrolling stays smooth. */
const waiting: (() => void)[] = [];
let running = false;

export function inTurn(start: () => void): void {
  waiting.push(start);
  if (!running) next();
}

function next(): void {
  const start = waiting.shift();
  running = start !== undefined;
  if (start === undefined) return;
  /* A frame is not drawn in a tab that nobody sees. */
  const frame = document.visibilityState === 'visible' ? requestAnimationFrame : setTimeout;
  frame(() =>
    setTimeout(() => {
      try {
        start();
      } finally {
        next();
      }
    }),
  );
}
