/* Parts of the page that are loaded when they come near the window. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

const loaded = new Map<() => Promise<unknown>, unknown>();

/** `part` is null until `load` has brought it; `load` has to be the same function every time. */
export function useLater<T>(load: () => Promise<T>, margin = '250px') {
  const place = useRef<HTMLDivElement>(null);
  const ready = useSignal(loaded.has(load));
  const fault = useSignal<string | null>(null);
  const near = useSignal(false);
  const bring = async (): Promise<void> => {
    fault.value = null;
    try {
      loaded.set(load, await load());
      ready.value = true;
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error);
    }
  };
  useEffect(() => {
    if (place.current === null) return undefined;
    const watch = new IntersectionObserver(
      (seen) => {
        near.value = seen.some((entry) => entry.isIntersecting);
        if (near.value && !ready.value) void bring();
      },
      { rootMargin: margin },
    );
    watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  return { place, part: ready.value ? (loaded.get(load) as T) : null, near: near.value, fault: fault.value, bring };
}
