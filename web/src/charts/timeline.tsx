/* Live bytes over one step. */
import type { Step, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { placeText } from '../format/words';
import { layTimeline } from './timeline-layout';
import { useWidth } from './width';

export function Timeline({ step, units }: { step: Step; units: Units }) {
  const { ref, width } = useWidth<HTMLDivElement>(900);
  const layout = layTimeline(step, units, width);
  const { frame, peak } = layout;
  const turn = layout.phases[1]?.x0;
  const right = peak !== null && peak.x > (frame.left + frame.right) / 2;
  return (
    <div class="timeline" ref={ref}>
      <svg
        class="chart"
        width={width}
        height={layout.height}
        viewBox={`0 0 ${width} ${layout.height}`}
        role="img"
        aria-label={`Live bytes over the step, from the first operation of the forward pass to the last of the backward pass. The highest stands ${placeText(step.peak_at)}. The table below has the figures.`}
      >
        <text class="axis-title" x={0} y={14}>
          alive, {layout.unit}
        </text>
        {layout.yTicks.map((tick) => (
          <g key={tick.at}>
            <path class="grid" d={`M ${frame.left} ${tick.at} H ${frame.right}`} />
            <text class="axis" x={frame.left - 8} y={tick.at + 4} text-anchor="end">
              {tick.text}
            </text>
          </g>
        ))}
        <path class="timeline-area" d={layout.area} />
        <path class="timeline-line" d={layout.line} />
        <path class="axis-line" d={`M ${frame.left} ${frame.bottom} H ${frame.right}`} />
        {turn !== undefined && <path class="timeline-turn" d={`M ${turn} ${frame.top - 8} V ${frame.bottom}`} />}
        {layout.phases.map((phase) => (
          <text key={phase.name} class="axis" x={(phase.x0 + phase.x1) / 2} y={frame.bottom + 18} text-anchor="middle">
            {phase.name}
          </text>
        ))}
        {peak !== null && (
          <g class="timeline-peak">
            <circle cx={peak.x} cy={peak.y} r="4" />
            <text x={peak.x + (right ? -9 : 9)} y={peak.y - 7} text-anchor={right ? 'end' : 'start'}>
              peak {formatBytes(Math.max(...step.timeline.map((p) => p[4])), units)}
            </text>
          </g>
        )}
      </svg>
    </div>
  );
}
