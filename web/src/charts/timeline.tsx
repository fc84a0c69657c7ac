/* Live bytes over one step. */
import { useSignal } from '@preact/signals';
import { bisectCenter } from 'd3-array';
import type { ComponentChildren } from 'preact';
import type { Bytes, Step, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { PHASES, placeText } from '../format/words';
import { YAxis } from './axis';
import { sized } from './sized';
import { type Course, layTimeline, type Reading, type TimelineLayout } from './timeline-layout';

interface TimelineProps {
  step: Course;
  /** The same step without checkpointing, if that is another. */
  without: Pick<Step, 'timeline'> | null;
  units: Units;
  /** What the axis has to reach beside them, and what is drawn at it. */
  reach?: Bytes | undefined;
  behind?: (layout: TimelineLayout) => ComponentChildren;
  /** What stands below it, of the place that is read: the highest, if none is. */
  below?: ((reading: Reading) => ComponentChildren) | undefined;
}

export const Timeline = sized<TimelineProps>('timeline', ({ step, without, units, reach, behind, below, width }) => {
  const layout = layTimeline(step, units, width, without, reach);
  const { frame, peak, before } = layout;
  const turn = layout.phases[1]?.x0;
  const right = peak !== null && peak.x > (frame.left + frame.right) / 2;
  const { readings } = layout;
  const place = useSignal<number | null>(null);
  const here = Math.min(readings.length - 1, place.value ?? highestOf(readings));
  const reading = readings[here];
  const text = reading === undefined ? '' : readingText(reading, step, units);
  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    place.value = bisectCenter(readings.map((r) => r.x), event.clientX - box.left + frame.left);
  };
  const key = (event: KeyboardEvent) => {
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, PageUp: here - LEAP, PageDown: here + LEAP, Home: 0, End: readings.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    place.value = Math.max(0, Math.min(readings.length - 1, to));
  };
  return (
    <>
      <p class="timeline-readout">{text}</p>
      <div class="timeline-plane">
      <svg
        class="chart"
        width={width}
        height={layout.height}
        viewBox={`0 0 ${width} ${layout.height}`}
        role="img"
        aria-label={`Live bytes over the step, from the first operation of the forward pass to the last of the backward pass. The highest stands ${placeText(step.peak_at)}. ${before === null ? '' : `Without checkpointing the highest is ${formatBytes(before.peak.bytes, units)}. `}The table below has the figures.`}
      >
        <text class="axis-title" x={0} y={14}>
          live, {layout.unit}
        </text>
        <YAxis ticks={layout.yTicks} frame={frame} />
        {behind?.(layout)}
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
        {place.value !== null && reading !== undefined && (
          <g class="timeline-at">
            <path d={`M ${reading.x} ${frame.top} V ${frame.bottom}`} />
            <circle cx={reading.x} cy={reading.y} r="3.5" />
          </g>
        )}
        {peak !== null && (
          <g class="timeline-peak">
            <circle cx={peak.x} cy={peak.y} r="4" />
            <text x={peak.x + (right ? -9 : 9)} y={peak.y - 7} text-anchor={right ? 'end' : 'start'}>
              peak {formatBytes(Math.max(...step.timeline.map((p) => p[4])), units)}
            </text>
          </g>
        )}
      </svg>
      <div
        class="timeline-hit"
        role="slider"
        tabIndex={0}
        aria-label="Place in the step"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, readings.length - 1)}
        aria-valuenow={Math.max(0, here)}
        aria-valuetext={text}
        style={{ left: `${frame.left}px`, top: `${frame.top}px`, width: `${frame.right - frame.left}px`, height: `${frame.bottom - frame.top}px` }}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={(event) => {
          if (event.pointerType === 'mouse') place.value = null;
        }}
        onKeyDown={key}
        onBlur={() => {
          place.value = null;
        }}
      />
      </div>
      {reading !== undefined && below?.(reading)}
      {before !== null && (
        <p class="key">
          <svg width="26" height="10" aria-hidden="true">
            <path class="timeline-before" d="M 0 5 H 26" />
          </svg>{' '}
          without checkpointing, peak {formatBytes(before.peak.bytes, units)}
        </p>
      )}
    </>
  );
});

/* Readings that Page Up and Page Down pass over. */
const LEAP = 20;

const highestOf = (readings: readonly Reading[]): number => readings.reduce((best, { point }, i) => (point[4] > (readings[best]?.point[4] ?? -1) ? i : best), 0);

/** "backward, layer 12, mlp.act_fn (silu): 7.31 GiB alive" */
function readingText({ point: [phase, layer, module, op, bytes], between }: Reading, step: Course, units: Units): string {
  const [at, by] = [step.timeline_modules[module] ?? '', step.timeline_ops[op] ?? ''];
  const where = [PHASES[phase] ?? '', ...(layer < 0 ? [] : [`layer ${layer}`]), at === '' ? by : `${at} (${by})`];
  return `${where.join(', ')}: ${between ? 'about ' : ''}${formatBytes(bytes, units)} live`;
}
