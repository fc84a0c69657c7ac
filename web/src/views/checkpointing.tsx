/* Checkpointing: what each policy keeps, at which peak, for which recomputation. */
import { useSignal } from '@preact/signals';
import type { Plan, Report, Units } from '../../../wasm/report';
import { isPareto, type Measure, measureOf, recomputedOf } from '../charts/tradeoff-measure';
import { formatBytes, formatPercent } from '../format/bytes';
import { planId, planName } from '../format/policy';
import { stagesOf } from '../format/subject';
import { formatTime, timeOf } from '../format/time';
import { useLater } from '../state/later';
import type { Store } from '../state/store';
import { Figure } from './figure';
import { Switch } from './switch';

const MEASURES: readonly (readonly [Measure, string, string])[] = [
  ['saved', 'kept', 'Kept for backward'],
  ['activations', 'peak', 'Peak of activations'],
  ['step', 'peak with gradients', 'Peak, gradients included'],
];

const loadChart = () => import('./tradeoff-view');

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
  const { plans, forward_flops: forward } = report.checkpoint;
  const stages = stagesOf(report);
  const name = MEASURES.find(([m]) => m === measure.value)?.[2] ?? '';
  return (
    <div class="checkpointing">
      <div class="plans scroll" role="region" aria-label="Policies" tabIndex={0}>
        <table>
          {stages !== null && <caption>All stages together</caption>}
          <thead>
            <tr>
              <th scope="col">Policy</th>
              <th scope="col" class="number">
                Kept
              </th>
              <th scope="col" class="number">
                Peak
              </th>
              <th scope="col" class="number">
                Computed again
              </th>
            </tr>
          </thead>
          <tbody>
            {plans.map((plan) => (
              <PlanRow key={planId(plan)} plan={plan} pareto={isPareto(plan, plans, measure.value)} forward={forward} exact={above.value?.find((p) => planId(p) === planId(plan))} units={units} onChoose={onChoose} />
            ))}
          </tbody>
        </table>
        <p class="note">
          Peak: the most activation bytes alive at once, gradients of parameters apart. Computed again: matrix products and attention, of the forward pass; the time is of all that runs again. Marked{' '}
          <span class="pareto-mark" aria-hidden="true" /> no other policy here is better both in recomputation and in what the chart shows.
        </p>
      </div>
      <div class="checkpointing-chart" ref={place}>
        <div class="figure-head">
          <h3>Memory against recomputation{stages !== null && <span class="quiet">, all stages together</span>}</h3>
          <span class="spring" />
          <Switch name="measure" label="Memory shown" value={measure.value} options={MEASURES.map(([m, text]) => [m, text] as const)} onChange={(m: Measure) => (measure.value = m)} />
        </div>
        {part !== null ? (
          <part.TradeoffView store={store} report={report} near={near} measure={measure.value} name={name} units={units} onChoose={onChoose} onExcess={(found) => (above.value = found)} />
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

interface PlanRowProps {
  plan: Plan;
  pareto: boolean;
  forward: number;
  /** The same, with how far it is above the exact frontier. */
  exact: Plan | undefined;
  units: Units;
  onChoose: (plan: Plan) => void;
}

function PlanRow({ plan, pareto, forward, exact, units, onChoose }: PlanRowProps) {
  const id = planId(plan);
  const time = timeOf(plan, 'recomputed_time');
  const slower = exact === undefined ? 0 : (timeOf(exact, 'excess_time') ?? 0);
  return (
    <tr data-chosen={plan.chosen ? '' : undefined}>
      <th scope="row">
        <label>
          <input type="radio" name="plan" value={id} checked={plan.chosen} onChange={() => onChoose(plan)} />
          <span>
            <code>{planName(plan, units)}</code>
            {pareto && <span class="pareto-mark" title="no other policy here is better in both" />}
            <span class="plan-note">{plan.note === '' ? plan.label : plan.note}</span>
          </span>
        </label>
      </th>
      <td class="number">
        <Figure bytes={plan.saved_bytes} units={units} />
      </td>
      <td class="number">
        <Figure bytes={measureOf(plan, 'activations')} units={units} />
        {exact?.excess_bytes !== undefined && <span class="rounded">{exact.excess_bytes > 0 ? `${formatBytes(exact.excess_bytes, units)} above` : slower > 0 ? `${formatTime(slower)} slower` : 'on the frontier'}</span>}
      </td>
      <td class="number">
        {formatPercent(recomputedOf(plan, forward))}
        {time !== null && <span class="rounded">{formatTime(time)}</span>}
      </td>
    </tr>
  );
}
