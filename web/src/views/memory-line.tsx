/* Whether the step fits: room for the answer, which comes with the rest of the calculator once the first answer is there. */
import { useEffect } from 'preact/hooks';
import type { Units } from '../../../wasm/report';
import { useLater } from '../state/later';
import { staleness } from './answer';
import type { Answer, Store } from '../state/store';

const loadView = () => import('./memory-view');

export function MemoryLine({ store, answer, units }: { store: Store; answer: Answer; units: Units }) {
  const whole = store.whole.value;
  const { part, fault, bring } = useLater(loadView);
  const need = (): void => void Promise.all([bring(), store.needWhole()]).catch(() => undefined);
  useEffect(() => {
    if (whole !== null) void bring();
  }, [whole]);
  const { fit } = answer.report;
  const failure = fault ?? (whole === null ? store.failure.value : null);
  return (
    <section class="fit" aria-label="Against the GPU’s memory" data-stale={staleness(answer.fault)}>
      {part !== null && fit !== undefined ? (
        <part.FitView store={store} answer={answer} fit={fit} units={units} />
      ) : (
        <p class="fit-line">
          {failure !== null && <span class="fault">What it takes of a GPU could not be loaded: {failure}.</span>}
          <button type="button" class="button-quiet" onClick={need}>
            Does it fit on a GPU?
          </button>
        </p>
      )}
    </section>
  );
}
