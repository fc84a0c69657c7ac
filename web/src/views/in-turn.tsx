/* A part of the page in its turn: at once where the visitor looks, elsewhere when there is nothing else to do. So a slider moves what is seen. */
import type { ComponentChild } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { whenIdle } from '../state/afterwards';

interface InTurnProps {
  /** The id of the element that it stands in: looked at within a window's height of the window. */
  within: string;
  /** It is looked at, wherever it stands. */
  now: boolean;
  children: ComponentChild;
}

export function InTurn({ within, now, children }: InTurnProps) {
  const near = useRef(false);
  const latest = useRef(children);
  const drawn = useRef(children);
  const [, again] = useState(0);
  latest.current = children;
  if (now || near.current) drawn.current = children;
  const draw = () => {
    if (drawn.current !== latest.current) again((turns) => turns + 1);
    drawn.current = latest.current;
  };
  useEffect(() => {
    const seen = new IntersectionObserver(
      (entries) => {
        near.current = entries.some((entry) => entry.isIntersecting);
        if (near.current) draw();
      },
      { rootMargin: '100%' },
    );
    seen.observe(document.getElementById(within) as HTMLElement);
    return () => seen.disconnect();
  }, []);
  useEffect(() => (drawn.current === children ? undefined : whenIdle(draw)), [children]);
  return drawn.current;
}
