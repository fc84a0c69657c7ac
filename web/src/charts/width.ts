/* The width that a chart has. Its layout is a pure function of it. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

export function useWidth<E extends HTMLElement>(first: number) {
  const ref = useRef<E>(null);
  const width = useSignal(first);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    /* Told when the page is laid out, before it is painted: asked for at once, each chart would have it laid out anew. */
    const observer = new ResizeObserver(([entry]) => {
      const now = Math.round(entry?.contentRect.width ?? 0);
      if (now > 0) width.value = now;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, width: width.value };
}
