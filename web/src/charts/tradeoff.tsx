/* The trade-off: click a policy and the page follows. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Plan, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { planId, planNames } from '../format/policy';
import { YAxis } from './axis';
import { Drawing } from './drawing';
import { sized } from './sized';
import { type Axis, layTradeoff, leaderOf, type Spot, type TradeoffLayout } from './tradeoff-layout';
import { type Measure, measureOf } from './tradeoff-measure';
import { choosable } from './mark';

export interface TradeoffProps {
  plans: readonly Plan[];
  axis: Axis;
  /** "computed again, of the forward pass" */
  axisTitle: string;
  /** What is said of a plan beside its memory: "70 % of the forward pass computed again". */
  said: (plan: Plan) => string;
  measure: Measure;
  name: string;
  units: Units;
  onChoose: (plan: Plan) => void;
  /** Drawn behind the plans, in place of the line through the best of them. */
  behind?: ((layout: TradeoffLayout, onOver: (text: string | null) => void) => ComponentChildren) | undefined;
}

export const Tradeoff = sized<TradeoffProps>('tradeoff', ({ plans, axis, axisTitle, said, measure, name, units, onChoose, behind, width }) => {
  const over = useSignal<string | null>(null);
  const layout = layTradeoff(plans, axis, measure, units, width);
  const { frame } = layout;
  const chosen = layout.spots.find((s) => s.chosen);
  const onOver = (text: string | null) => {
    over.value = text;
  };
  const text = (spot: Spot | undefined) => spotText(spot, said, measure, units);
  return (
    <>
      <p class="tradeoff-readout">{over.value ?? text(chosen)}</p>
      <Drawing
        width={width}
        height={layout.height}
        label={`${name} of each checkpointing policy against its recomputation. The table of policies has the same figures. Arrow keys go from policy to policy, Enter chooses.`}
        marks=".spot"
      >
        <text class="axis-title" x={0} y={14}>
          {name}, {layout.unit}
        </text>
        <text class="axis-title" x={frame.right} y={layout.height - 4} text-anchor="end">
          {axisTitle}
        </text>
        <YAxis ticks={layout.yTicks} frame={frame} />
        {layout.xTicks.map((tick) => (
          <text key={tick.at} class="axis" x={tick.at} y={frame.bottom + 18} text-anchor="middle">
            {tick.text}
          </text>
        ))}
        <path class="axis-line" d={`M ${frame.left} ${frame.bottom} H ${frame.right}`} />
        {behind === undefined ? layout.frontier !== '' && <path class="frontier" d={layout.frontier} /> : behind(layout, onOver)}
        {layout.spots.map((spot, i) => (
          <SpotView key={spot.plans.flat().map(planId).join()} spot={spot} first={i === 0} text={text(spot)} onOver={onOver} onChoose={onChoose} />
        ))}
      </Drawing>
    </>
  );
});

interface SpotProps {
  spot: Spot;
  first: boolean;
  text: string;
  onOver: (text: string | null) => void;
  onChoose: (plan: Plan) => void;
}

const planOf = (spot: Spot): Plan | undefined => spot.plans.flat().find((p) => p.chosen) ?? spot.plans[0]?.[0];

/** "full = best: 1.54 GiB, 70 % of the forward pass computed again"; plans of other figures in the same place have theirs. */
function spotText(spot: Spot | undefined, said: (plan: Plan) => string, measure: Measure, units: Units): string {
  const text = (plans: readonly Plan[]) => plans.slice(0, 1).map((plan) => `${planNames(plans, units)}: ${formatBytes(measureOf(plan, measure), units)}, ${said(plan)}`);
  return (spot?.plans ?? []).flatMap(text).join('; ');
}

function leaderPath(spot: Spot): string {
  const [x0, y0, x1, y1] = leaderOf(spot, spot.label);
  return `M ${x0} ${y0} L ${x1} ${y1}`;
}

function SpotView({ spot, first, text, onOver, onChoose }: SpotProps) {
  const plan = planOf(spot);
  if (plan === undefined) return null;
  const { label } = spot;
  /* Who says what is written there means this spot. */
  const name = text.includes(label.text) ? text : `${label.text}: ${text}`;
  return (
    <g class="spot" data-pareto={spot.pareto ? '' : undefined} {...choosable({ text: name, chosen: spot.chosen, tabStop: first, onOver: (over) => onOver(over === null ? null : text), onChoose: () => onChoose(plan) })}>
      {label.led && <path class="leader" d={leaderPath(spot)} />}
      <circle class="spot-reach" cx={spot.x} cy={spot.y} r="14" />
      {spot.chosen && <circle class="spot-ring" cx={spot.x} cy={spot.y} r="9.5" />}
      <circle class="spot-dot" cx={spot.x} cy={spot.y} r="5" />
      <text x={label.x} y={label.y + 4} text-anchor={label.anchor}>
        {label.text}
      </text>
    </g>
  );
}
