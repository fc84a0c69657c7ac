/* Published formulas: loaded, with what evaluates them, when they come near the window. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Report, Units } from '../../../wasm/report';
import type { Store } from '../state/store';

type Views = typeof import('./formula-views');
let views: Views | null = null;

export function Formulas({ store, report, units }: { store: Store; report: Report; units: Units }) {
  const place = useRef<HTMLDivElement>(null);
  const ready = useSignal(views !== null);
  const fault = useSignal<string | null>(null);
  const whole = store.whole.value;
  const load = async () => {
    fault.value = null;
    try {
      [views] = await Promise.all([import('./formula-views'), store.needWhole()]);
      ready.value = true;
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error);
    }
  };
  const waiting = !ready.value || whole === null;
  useEffect(() => {
    if (place.current === null) return undefined;
    const near = new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && void load(), { rootMargin: '600px' });
    near.observe(place.current);
    return () => near.disconnect();
  }, [waiting]);
  if (views !== null && !waiting) return <views.FormulaViews report={report} formulas={report.formulas ?? []} checks={whole.table.formulas} units={units} />;
  return (
    <div ref={place} class="formulas-wait" role="status">
      {fault.value === null ? (
        'Loading the formulas …'
      ) : (
        <>
          <span class="fault">The formulas could not be loaded: {fault.value}.</span>{' '}
          <button type="button" class="button-quiet" onClick={() => void load()}>
            Try again
          </button>
        </>
      )}
    </div>
  );
}
