/* The frontier behind the policies' points: arrow keys go along it, Enter takes a plan as the budget. */
import type { FrontierPlan, LayerChoice, Microseconds, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { planText } from '../format/frontier';
import { formatTime, timeOf } from '../format/time';
import { layFrontier } from './frontier-layout';
import { choosable } from './mark';
import { rove } from './rove';
import type { TradeoffLayout } from './tradeoff-layout';

interface FrontierProps {
  plans: readonly FrontierPlan[];
  choices: readonly LayerChoice[];
  forward: Microseconds;
  layout: TradeoffLayout;
  units: Units;
  /** Peak of the budget that is chosen. */
  chosen: number | null;
  onOver: (text: string | null) => void;
  onChoose: (plan: FrontierPlan) => void;
}

/** "peak 13.3 GiB, 158 ms run again: 19 layers keep their input, 13 in regions of 7" */
export function frontierText(plan: FrontierPlan, choices: readonly LayerChoice[], units: Units): string {
  const what = planText(plan, choices);
  return `peak ${formatBytes(plan.peak_bytes, units)}, ${formatTime(timeOf(plan, 'recomputed_time') ?? 0)} recomputed${what === '' ? '' : `: ${what}`}`;
}

export function FrontierLine({ plans, choices, forward, layout, units, chosen, onOver, onChoose }: FrontierProps) {
  const { path, knots } = layFrontier(plans, forward, layout.at);
  const stop = Math.max(0, knots.findIndex((k) => k.plan.peak_bytes === chosen));
  return (
    <g role="group" aria-label="The exact frontier. Arrow keys go from plan to plan, Enter makes its peak the budget." onKeyDown={rove('.knot')}>
      <path class="frontier" d={path} />
      {knots.map((knot, i) => (
        <g
          key={knot.plan.peak_bytes}
          class="knot"
          {...choosable({ text: frontierText(knot.plan, choices, units), chosen: knot.plan.peak_bytes === chosen, tabStop: i === stop, onOver, onChoose: () => onChoose(knot.plan) })}
        >
          <rect class="knot-reach" x={knot.left} y={knot.top} width={Math.max(0.5, knot.right - knot.left)} height={knot.bottom - knot.top} />
          <circle class="knot-dot" cx={knot.x} cy={knot.y} r="3.5" />
        </g>
      ))}
    </g>
  );
}
