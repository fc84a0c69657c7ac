/* The roofline of a measured GPU, with what was measured and with the operations of the step. The table beside it says the same. */
import { useSignal } from '@preact/signals';
import { YAxis } from './axis';
import { layRoofline, type Point, type Roof } from './roofline-layout';
import { useWidth } from './width';

interface RooflineProps {
  roofs: readonly Roof[];
  measured: readonly Point[];
  operations: readonly Point[];
}

export function Roofline({ roofs, measured, operations }: RooflineProps) {
  const { ref, width } = useWidth<HTMLDivElement>(640);
  const over = useSignal<string | null>(null);
  const layout = layRoofline(roofs, [...measured, ...operations], width);
  const { frame } = layout;
  const dots = layout.points.map((point) => ({ ...point, measured: point.gflops !== null }));
  return (
    <div class="roofline" ref={ref}>
      <p class="tradeoff-readout">{over.value ?? 'Filled: measured. Open: operations of this step, where the roof has them.'}</p>
      <svg class="chart" width={width} height={layout.height} viewBox={`0 0 ${width} ${layout.height}`} role="img" aria-label="Roofline: GFLOP/s that this GPU reaches against FLOP for each byte. The tables have the same figures.">
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
        {dots.map((dot, i) => (
          <circle
            key={i}
            class="roof-dot"
            data-measured={dot.measured ? '' : undefined}
            cx={dot.x}
            cy={dot.y}
            r={dot.measured ? 5 : 4}
            onPointerEnter={() => {
              over.value = `${dot.name}: ${Number(dot.intensity.toPrecision(3)).toLocaleString('en-US')} FLOP a byte, ${dot.bound === 'memory' ? 'waits for memory' : 'computes at the full rate'}`;
            }}
            onPointerLeave={() => {
              over.value = null;
            }}
          />
        ))}
      </svg>
    </div>
  );
}
