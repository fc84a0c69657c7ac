/* The roofline of a measured GPU, with what was measured and with the operations of the step, and a table of the same. */
import { useSignal } from '@preact/signals';
import { threeDigits } from '../format/bytes';
import { YAxis } from './axis';
import { layRoofline, type Placed, type Point, type Roof } from './roofline-layout';
import { rove } from './rove';
import { useWidth } from './width';

interface RooflineProps {
  roofs: readonly Roof[];
  measured: readonly Point[];
  operations: readonly Point[];
}

const intensityOf = (point: Placed): string => Number(point.intensity.toPrecision(3)).toLocaleString('en-US');
const boundOf = (point: Placed): string => (point.bound === 'memory' ? 'waits for memory' : 'computes at the full rate');
const textOf = (point: Placed): string =>
  `${point.name}: ${intensityOf(point)} FLOP a byte, ${point.measured ? 'measured' : 'at most'} ${threeDigits(point.reached)} GFLOP/s, ${boundOf(point)}`;

export function Roofline({ roofs, measured, operations }: RooflineProps) {
  const { ref, width } = useWidth<HTMLDivElement>(640);
  const over = useSignal<string | null>(null);
  const layout = layRoofline(roofs, [...measured, ...operations], width);
  const { frame } = layout;
  const say = (text: string | null) => () => {
    over.value = text;
  };
  return (
    <div class="roofline" ref={ref}>
      <p class="tradeoff-readout">{over.value ?? 'Filled: measured. Open: operations of this step, where the roof has them.'}</p>
      <svg
        class="chart"
        width={width}
        height={layout.height}
        viewBox={`0 0 ${width} ${layout.height}`}
        role="group"
        aria-label="Roofline: GFLOP/s that this GPU reaches against FLOP for each byte. The table below it has the same figures. Arrow keys go from point to point."
        onKeyDown={rove('.roof-dot')}
      >
        <text class="axis-title" x={0} y={14}>
          GFLOP/s
        </text>
        <text class="axis-title" x={frame.right} y={layout.height - 4} text-anchor="end">
          FLOP for each byte that is read or written
        </text>
        <YAxis ticks={layout.yTicks} frame={frame} />
        {layout.xTicks.map((tick) => (
          <text key={tick.at} class="axis" x={tick.at} y={frame.bottom + 18} text-anchor="middle">
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
      </svg>
      <details class="roofline-table">
        <summary>Its points as a table: {layout.points.length}</summary>
        <div class="scroll" role="region" aria-label="Points of the roofline" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Point</th>
                <th scope="col" class="number">
                  FLOP a byte
                </th>
                <th scope="col" class="number">
                  GFLOP/s
                </th>
                <th scope="col">Which is</th>
                <th scope="col">There it</th>
              </tr>
            </thead>
            <tbody>
              {layout.points.map((point, i) => (
                <tr key={i}>
                  <th scope="row">{point.name}</th>
                  <td class="number">{intensityOf(point)}</td>
                  <td class="number">{threeDigits(point.reached)}</td>
                  <td>{point.measured ? 'measured' : 'at most'}</td>
                  <td>{boundOf(point)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </div>
  );
}
