/* A part of the page in its turn: where the visitor looks it follows at once, elsewhere when there is nothing else to do. So a slider moves what is seen. */
import type { ComponentChild } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { takeTurn } from '../state/turns';

interface InTurnProps {
  /** The id of the element that it stands in: looked at near the window. */
  within: string;
  /** It is looked at, wherever it stands. */
  now: boolean;
  /** Until it is drawn for the first time. */
  until: ComponentChild;
  children: ComponentChild;
}

/* Beyond the window, so that what is scrolled to is there. */
const NEAR = '50%';

export function InTurn({ within, now, until, children }: InTurnProps) {
  const near = useRef(false);
  const begun = useRef(now);
  const latest = useRef(children);
  const drawn = useRef(until);
  /* Calls off its turn, while it waits for one. */
  const off = useRef<(() => void) | null>(null);
  const [, again] = useState(0);
  latest.current = children;
  if (now || (near.current && begun.current)) {
    begun.current = true;
    drawn.current = children;
  }
  const take = () => {
    off.current = takeTurn(near.current, () => {
      off.current = null;
      begun.current = true;
      if (drawn.current !== latest.current) again((turns) => turns + 1);
      drawn.current = latest.current;
    });
  };
  const leave = () => {
    off.current?.();
    off.current = null;
  };
  useEffect(() => {
    const section = document.getElementById(within) as HTMLElement;
    /* What is pressed is looked at, seen or not yet. */
    const pressed = () => {
      near.current = true;
    };
    for (const event of ['pointerdown', 'focusin']) section.addEventListener(event, pressed);
    const seen = new IntersectionObserver(
      (entries) => {
        near.current = entries.some((entry) => entry.isIntersecting);
        if (!near.current || drawn.current === latest.current) return;
        leave();
        take();
      },
      { rootMargin: NEAR },
    );
    seen.observe(section);
    return () => {
      for (const event of ['pointerdown', 'focusin']) section.removeEventListener(event, pressed);
      seen.disconnect();
      leave();
    };
  }, []);
  useEffect(() => {
    if (drawn.current === children) return;
    leave();
    take();
  }, [children]);
  return drawn.current;
}
