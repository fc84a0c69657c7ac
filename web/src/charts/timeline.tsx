/* Live bytes over one step. */
import type { Step, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { placeText } from '../format/words';
import { layTimeline } from './timeline-layout';
import { useWidth } from './width';

interface TimelineProps {
  step: Step;
  /** The same step without checkpointing, if that is another. */
  without: Step | null;
  units: Units;
}

export function Timeline({ step, without, units }: TimelineProps) {
  const { ref, width } = useWidth<HTMLDivElement>(900);
  const layout = layTimeline(step, units, width, without);
  const { frame, peak, before } = layout;
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
        aria-label={`Live bytes over the step, from the first operation of the forward pass to the last of the backward pass. The highest stands ${placeText(step.peak_at)}. ${before === null ? '' : `Without checkpointing the highest is ${formatBytes(before.peak.bytes, units)}. `}The table below has the figures.`}
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
        {before !== null && (
          <>
            <path class="timeline-before" d={before.line} />
            <circle class="timeline-before-peak" cx={before.peak.x} cy={before.peak.y} r="3.5" />
          </>
        )}
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
      {before !== null && (
        <p class="key">
          <svg width="26" height="10" aria-hidden="true">
            <path class="timeline-before" d="M 0 5 H 26" />
          </svg>{' '}
          without checkpointing, peak {formatBytes(before.peak.bytes, units)}
        </p>
      )}
    </div>
  );
}
