/* What each policy keeps, at which peak, for which recomputation: a table to choose from. */
import type { Plan, Report, Units } from '../../../wasm/report';
import { isPareto, type Measure, measureOf, recomputedOf } from '../charts/tradeoff-measure';
import { formatBytes, formatPercent } from '../format/bytes';
import { planId, planName } from '../format/policy';
import { stagesOf } from '../format/subject';
import { formatTime, timeOf } from '../format/time';
import { Figure } from './figure';

const LESS: Readonly<Record<Measure, string>> = { saved: 'less kept', activations: 'a lower peak', step: 'a lower peak with gradients' };

interface PlanTableProps {
  report: Report;
  /** What the marked policies are best in, beside recomputation. */
  measure: Measure;
  above: readonly Plan[] | null;
  units: Units;
  onChoose: (plan: Plan) => void;
}

export function PlanTable({ report, measure, above, units, onChoose }: PlanTableProps) {
  const { plans, forward_flops: forward } = report.checkpoint;
  const timed = plans.some((plan) => timeOf(plan, 'recomputed_time') !== null);
  return (
    <div class="plans scroll" role="region" aria-label="Policies" tabIndex={0}>
      <table>
        {stagesOf(report) !== null && <caption>All stages together</caption>}
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
              Recomputed
            </th>
          </tr>
        </thead>
        <tbody>
          {plans.map((plan) => (
            <PlanRow key={planId(plan)} plan={plan} pareto={isPareto(plan, plans, measure)} forward={forward} exact={above?.find((p) => planId(p) === planId(plan))} units={units} onChoose={onChoose} />
          ))}
        </tbody>
      </table>
      <p class="note">
        Peak: the most activation bytes live at once, without parameter gradients.{above !== null && ' Below it: how far it is above the lowest peak of any plan that recomputes no longer.'} Recomputed: the share of the forward pass’s FLOPs in matrix
        products and attention{timed && '; the time is of everything recomputed'}. Marked <span class="pareto-mark" aria-hidden="true" />: no other policy here has both less recomputation and {LESS[measure]}.
      </p>
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
