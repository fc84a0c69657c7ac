/* What is loaded, with whole.wasm, when it comes near the window. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Whole } from '../../../wasm/actmem';
import type { Store } from '../state/store';

interface LateProps<Views> {
  store: Store;
  /** "the formulas" */
  what: string;
  /** Imports the module once; what it has come to. */
  load: () => Promise<Views>;
  loaded: Views | null;
  children: (views: Views, whole: Whole) => ComponentChildren;
}

export function Late<Views>({ store, what, load, loaded, children }: LateProps<Views>) {
  const place = useRef<HTMLDivElement>(null);
  const views = useSignal<Views | null>(loaded);
  const fault = useSignal<string | null>(null);
  const whole = store.whole.value;
  const begin = async () => {
    fault.value = null;
    try {
      const [module] = await Promise.all([load(), store.needWhole()]);
      views.value = module;
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error);
    }
  };
  const waiting = views.value === null || whole === null;
  useEffect(() => {
    if (place.current === null) return undefined;
    const near = new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && void begin(), { rootMargin: '600px' });
    near.observe(place.current);
    return () => near.disconnect();
  }, [waiting]);
  if (views.value !== null && whole !== null) return <>{children(views.value, whole)}</>;
  return (
    <div ref={place} class="formulas-wait" role="status">
      {fault.value === null ? (
        `Loading ${what} …`
      ) : (
        <>
          <span class="fault">{`${what.slice(0, 1).toUpperCase()}${what.slice(1)}`} could not be loaded: {fault.value}.</span>{' '}
          <button type="button" class="button-quiet" onClick={() => void begin()}>
            Try again
          </button>
        </>
      )}
    </div>
  );
}
