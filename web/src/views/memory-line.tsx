/* Whether the step fits: room for the answer, which comes with the rest of the calculator once somebody has touched the page. */
import { useEffect } from 'preact/hooks';
import type { Units } from '../../../wasm/report';
import { useLater } from '../state/later';
import type { Answer, Store } from '../state/store';

const loadView = () => import('./memory-view');

export function MemoryLine({ store, answer, units }: { store: Store; answer: Answer; units: Units }) {
  const whole = store.whole.value;
  const { part, fault, bring } = useLater(loadView);
  const need = (): void => void Promise.all([bring(), store.needWhole()]).catch(() => undefined);
  useEffect(() => {
    if (whole !== null) void bring();
  }, [whole]);
  useEffect(() => {
    const events = ['pointerdown', 'keydown'] as const;
    const touched = (): void => {
      for (const event of events) removeEventListener(event, touched, true);
      need();
    };
    for (const event of events) addEventListener(event, touched, true);
    return () => {
      for (const event of events) removeEventListener(event, touched, true);
    };
  }, []);
  const { fit } = answer.report;
  return (
    <section class="fit" aria-label="Against the GPU’s memory" data-stale={answer.fault === null ? undefined : ''}>
      {part !== null && fit !== undefined ? (
        <part.FitView store={store} answer={answer} fit={fit} units={units} />
      ) : (
        <>
          <p class="fit-line">
            {fault !== null && <span class="fault">What it takes of a GPU could not be loaded: {fault}.</span>}
            <button type="button" class="button-quiet" onClick={need}>
              Does it fit on a GPU?
            </button>
          </p>
          <svg class="fit-bar" width="100%" height="14" aria-hidden="true">
            <rect class="fit-room" x="0" y="2" width="100%" height="10" />
          </svg>
        </>
      )}
    </section>
  );
}
