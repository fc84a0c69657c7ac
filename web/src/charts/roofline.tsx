/* The roofline of a measured GPU, with what was measured and with the operations of the step. */
import { useSignal } from '@preact/signals';
import { formatTick, threeDigits } from '../format/bytes';
import { YAxis } from './axis';
import { Drawing } from './drawing';
import type { ChartTable } from './frame';
import { layRoofline, type Placed, type Point, type Roof } from './roofline-layout';
import { sized } from './sized';

export interface RooflineProps {
  roofs: readonly Roof[];
  measured: readonly Point[];
  operations: readonly Point[];
}

const intensityOf = (point: Placed): string => formatTick(Number(point.intensity.toPrecision(3)));
const boundOf = (point: Placed): string => (point.bound === 'memory' ? 'waits for memory' : 'computes at the full rate');
const textOf = (point: Placed): string =>
  `${point.name}: ${intensityOf(point)} FLOP a byte, ${point.measured ? 'measured' : 'at most'} ${threeDigits(point.reached)} GFLOP/s, ${boundOf(point)}`;

/** Its points, as ChartFrame has them. */
export function tableOf({ roofs, measured, operations }: RooflineProps): ChartTable {
  const { points } = layRoofline(roofs, [...measured, ...operations], 640);
  return {
    columns: ['Point', 'FLOP a byte', 'GFLOP/s', 'The rate is', 'The operation'],
    rows: points.map((point) => [point.name, intensityOf(point), threeDigits(point.reached), point.measured ? 'measured' : 'at most', boundOf(point)]),
  };
}

export const Roofline = sized<RooflineProps>('roofline', ({ roofs, measured, operations, width }) => {
  const over = useSignal<string | null>(null);
  const layout = layRoofline(roofs, [...measured, ...operations], width);
  const { frame } = layout;
  const say = (text: string | null) => () => {
    over.value = text;
  };
  return (
    <>
      <p class="tradeoff-readout">{over.value ?? 'Filled: measured. Open: operations of this step, where the roof has them.'}</p>
      <Drawing
        width={width}
        height={layout.height}
        label="Roofline: GFLOP/s that this GPU reaches against FLOP for each byte. Its table has the same figures. Arrow keys go from point to point."
        marks=".roof-dot"
      >
        <text class="axis-title" x={0} y={14}>
          GFLOP/s
        </text>
        <text class="axis-title" x={frame.right} y={layout.height - 4} text-anchor="end">
          FLOP for each byte that is read or written
        </text>
        <YAxis ticks={layout.yTicks} frame={frame} />
        {layout.xTicks.map((tick) => (
          <text key={tick.at} class="axis" x={tick.at} y={frame.bottom + 18} text-anchor={tick.at > frame.right - 24 ? 'end' : 'middle'}>
            {tick.text}
          </text>
        ))}
        <path class="axis-line" d={`M ${frame.left} ${frame.bottom} H ${frame.right}`} />
        {layout.roofs.map((roof) => (
          <g key={roof.name}>
            <path class="roof" d={roof.path} />
            <text class="roof-name" x={roof.labelX} y={roof.labelY} text-anchor="end">
              {roof.name}
            </text>
          </g>
        ))}
        {layout.points.map(
          ({ name, label }) =>
            label !== null && (
              <text key={name} class="roof-name" x={label.x} y={label.y + 4} text-anchor="middle">
                {name}
              </text>
            ),
        )}
        {layout.points.map((point, i) => {
          const text = textOf(point);
          return (
            <circle
              key={i}
              class="roof-dot"
              role="img"
              aria-label={text}
              tabindex={i === 0 ? 0 : -1}
              data-measured={point.measured ? '' : undefined}
              cx={point.x}
              cy={point.y}
              r={point.measured ? 5 : 4}
              onPointerEnter={say(text)}
              onPointerLeave={say(null)}
              onFocus={say(text)}
              onBlur={say(null)}
            />
          );
        })}
      </Drawing>
    </>
  );
});
