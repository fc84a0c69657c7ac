/* Checkpointing: what each policy keeps, at which peak, for which recomputation. */
import { useSignal } from '@preact/signals';
import type { Plan, Report, Units } from '../../../wasm/report';
import type { Measure } from '../charts/tradeoff-measure';
import { stagesOf } from '../format/subject';
import { useLater } from '../state/later';
import type { Store } from '../state/store';
import { PlanTable } from './plan-table';
import { Switch } from './switch';

const MEASURES: readonly (readonly [Measure, string, string])[] = [
  ['saved', 'kept', 'Kept for backward'],
  ['activations', 'peak', 'Peak of activations'],
  ['step', 'peak with gradients', 'Peak, gradients included'],
];

const loadChart = () => import('./tradeoff-asked');

interface CheckpointingProps {
  store: Store;
  report: Report;
  units: Units;
  onChoose: (plan: Plan) => void;
}

export function Checkpointing({ store, report, units, onChoose }: CheckpointingProps) {
  const measure = useSignal<Measure>('activations');
  /* The policies once the exact frontier is known. */
  const above = useSignal<readonly Plan[] | null>(null);
  const { place, part, near, fault, bring } = useLater(loadChart);
  const stages = stagesOf(report);
  const name = MEASURES.find(([m]) => m === measure.value)?.[2] ?? '';
  return (
    <div class="checkpointing">
      <PlanTable report={report} measure={measure.value} above={above.value} units={units} onChoose={onChoose} />
      <div class="checkpointing-chart" ref={place}>
        <div class="figure-head">
          <h3>Memory against recomputation{stages !== null && <span class="quiet">, all stages together</span>}</h3>
          <span class="spring" />
          <Switch name="measure" label="Memory shown" value={measure.value} options={MEASURES.map(([m, text]) => [m, text] as const)} onChange={(m: Measure) => (measure.value = m)} />
        </div>
        {part !== null ? (
          <part.AskedTradeoff store={store} report={report} near={near} measure={measure.value} name={name} units={units} onChoose={onChoose} onExcess={(found) => (above.value = found)} />
        ) : (
          <p class="tradeoff-wait" role="status">
            {fault === null ? (
              'Loading the chart …'
            ) : (
              <>
                <span class="fault">The chart could not be loaded: {fault}.</span>{' '}
                <button type="button" class="button-quiet" onClick={() => void bring()}>
                  Try again
                </button>
              </>
            )}
          </p>
        )}
      </div>
    </div>
  );
}
