/* Checkpointing: what each policy keeps, at which peak, for which recomputation. */
import { useSignal } from '@preact/signals';
import type { Plan, Report, Units } from '../../../wasm/report';
import { Tradeoff } from '../charts/tradeoff';
import { isPareto, type Measure, measureOf, recomputedOf } from '../charts/tradeoff-layout';
import { planId, planName } from '../form/policy-select';
import { formatPercent } from '../format/bytes';
import { stagesOf } from '../format/subject';
import { Figure } from './figure';
import { Switch } from './switch';

const MEASURES: readonly (readonly [Measure, string, string])[] = [
  ['saved', 'kept', 'Kept for backward'],
  ['activations', 'peak', 'Peak of activations'],
  ['step', 'peak with gradients', 'Peak, gradients included'],
];

interface CheckpointingProps {
  report: Report;
  units: Units;
  onChoose: (plan: Plan) => void;
}

export function Checkpointing({ report, units, onChoose }: CheckpointingProps) {
  const measure = useSignal<Measure>('saved');
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
              <PlanRow key={planId(plan)} plan={plan} pareto={isPareto(plan, plans, measure.value)} forward={forward} units={units} onChoose={onChoose} />
            ))}
          </tbody>
        </table>
        <p class="note">
          Peak: the most activation bytes alive at once, gradients of parameters apart. Computed again: matrix products and attention, of the forward pass. Marked{' '}
          <span class="pareto-mark" aria-hidden="true" /> no other policy here is better both in recomputation and in what the chart shows.
        </p>
      </div>
      <div class="checkpointing-chart">
        <div class="figure-head">
          <h3>Memory against recomputation{stages !== null && <span class="quiet">, all stages together</span>}</h3>
          <span class="spring" />
          <Switch name="measure" label="Memory shown" value={measure.value} options={MEASURES.map(([m, text]) => [m, text] as const)} onChange={(m: Measure) => (measure.value = m)} />
        </div>
        <Tradeoff plans={plans} forward={forward} measure={measure.value} name={name} units={units} onChoose={onChoose} />
      </div>
    </div>
  );
}

function PlanRow({ plan, pareto, forward, units, onChoose }: { plan: Plan; pareto: boolean; forward: number; units: Units; onChoose: (plan: Plan) => void }) {
  const id = planId(plan);
  return (
    <tr data-chosen={plan.chosen ? '' : undefined}>
      <th scope="row">
        <label>
          <input type="radio" name="plan" value={id} checked={plan.chosen} onChange={() => onChoose(plan)} />
          <span>
            <code>{planName(plan)}</code>
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
      </td>
      <td class="number">{formatPercent(recomputedOf(plan, forward))}</td>
    </tr>
  );
}
