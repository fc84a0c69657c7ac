/* The width that a chart has. Its layout is a pure function of it. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

export function useWidth<E extends HTMLElement>(first: number) {
  const ref = useRef<E>(null);
  const width = useSignal(first);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = () => {
      const now = Math.round(element.clientWidth);
      if (now > 0) width.value = now;
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, width: width.value };
}
