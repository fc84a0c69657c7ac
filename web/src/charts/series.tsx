/* The lines, with a reading of each dot. */
import { useSignal } from '@preact/signals';
import type { Bytes, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { YAxis } from './axis';
import { Drawing } from './drawing';
import { laySeries, SAMPLE, type Series } from './series-layout';
import { sized } from './sized';

interface SeriesProps {
  series: readonly Series[];
  memory: Bytes | null;
  units: Units;
  /** "GPUs": what is doubled. */
  axis: string;
  title: string;
  chosen: number;
}

export const SeriesChart = sized<SeriesProps>('series', ({ series, memory, units, axis, title, chosen, width }) => {
  const over = useSignal<string | null>(null);
  const { height, frame, lines, limit, xTicks, yTicks, unit } = laySeries(series, memory, units, width);
  return (
    <>
      <p class="picture-readout">{over.value ?? ' '}</p>
      <Drawing width={width} height={height} label={`${title}. Its table has the figures. Arrow keys go from dot to dot.`} marks=".series-dot">
        <text class="axis-title" x={0} y={14}>
          on one GPU, {unit}
        </text>
        <YAxis ticks={yTicks} frame={frame} />
        {xTicks.map((tick) => (
          <text key={tick.at} class="axis" x={tick.at} y={frame.bottom + 18} text-anchor="middle">
            {tick.text}
          </text>
        ))}
        <text class="axis-title" x={frame.right} y={height - 4} text-anchor="end">
          {axis}
        </text>
        <path class="axis-line" d={`M ${frame.left} ${frame.bottom} H ${frame.right}`} />
        {limit !== null && (
          <>
            <path class="series-limit" d={`M ${frame.left} ${limit} H ${frame.right}`} />
            <text class="series-limit-text" x={frame.left + 6} y={limit - 5}>
              the GPU’s {formatBytes(memory ?? 0, units)}
            </text>
          </>
        )}
        {lines.map(({ name, path, dots, labelY }, i) => (
          <g key={name} class={`series-line series-${i}`}>
            <path d={path} />
            {dots.map((dot, at) => {
              const text = `${name}, ${dot.at} ${axis}: ${formatBytes(dot.bytes, units)}`;
              return (
                <g
                  key={dot.at}
                  class="series-dot"
                  role="img"
                  tabindex={i === 0 && at === 0 ? 0 : -1}
                  aria-label={text}
                  data-chosen={dot.at === chosen ? '' : undefined}
                  onPointerEnter={() => (over.value = text)}
                  onPointerLeave={() => (over.value = null)}
                  onFocus={() => (over.value = text)}
                  onBlur={() => (over.value = null)}
                >
                  <circle class="series-reach" cx={dot.x} cy={dot.y} r="12" />
                  <circle class="series-mark" cx={dot.x} cy={dot.y} r={dot.at === chosen ? 5.5 : 3.5} />
                </g>
              );
            })}
            <path d={`M ${frame.right + 8} ${labelY} h ${SAMPLE}`} />
            <text class="series-name" x={frame.right + SAMPLE + 13} y={labelY + 4}>
              {name}
            </text>
          </g>
        ))}
      </Drawing>
    </>
  );
});
