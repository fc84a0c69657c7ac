/* What is alive over the step: areas, their key, and the step without checkpointing. */
import '../styles/step-parts.css';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Bytes, Row, TimelinePart, Units } from '../../../wasm/report';
import { ChartFrame } from '../charts/frame';
import { fillParts, layParts } from '../charts/parts-layout';
import { Timeline } from '../charts/timeline';
import type { Course, Reading, TimelineLayout } from '../charts/timeline-layout';
import { timelineTable } from '../charts/timeline-table';
import { partName } from '../format/parts';
import { Figure } from './figure';

export type PartedCourse = Course & { timeline_parts: TimelinePart[] };

/** The areas of a step, in the places of its timeline. */
export function Areas({ course, layout }: { course: PartedCourse; layout: TimelineLayout }) {
  const parts = useParts(course);
  return (
    <>
      {layParts(course.timeline, parts, layout).map(({ part, saved, area, edge }) => (
        <g key={part} class={`part c-${part}`} data-saved={saved ? '' : undefined}>
          <path class="part-area" d={area} />
          <path class="part-edge" d={edge} />
        </g>
      ))}
    </>
  );
}

/* The tensors of most bytes. */
const MOST = 3;

/** Names of a component's saved tensors, the largest first, each once: "gate · up · gate × up and 2 more" */
export function tensorsOf(rows: readonly Row[], part: string): string {
  const sorted = rows.filter((row) => row.component === part).sort((p, q) => q.bytes * q.count - p.bytes * p.count);
  const names = [...new Set(sorted.map((row) => row.name))];
  return `${names.slice(0, MOST).join(' · ')}${names.length > MOST ? ` and ${names.length - MOST} more` : ''}`;
}

/** What they are, from the top, each with its bytes at the place that is read; `rows` are the step's saved tensors. */
export function PartsKey({ course, reading, rows = [], units }: { course: PartedCourse; reading: Reading; rows?: readonly Row[]; units: Units }) {
  const parts = useParts(course);
  return (
    <ul class="parts-key" data-legend="">
      {[...parts].reverse().map(({ part, saved, bytes }) => (
        <li key={part} data-none={(bytes[reading.i] ?? 0) === 0 ? '' : undefined}>
          <svg width="12" height="12" aria-hidden="true">
            <g class={`part c-${part}`} data-saved={saved ? '' : undefined}>
              <rect class="part-area" width="12" height="12" />
              <path class="part-edge" d="M 0 0.5 H 12" />
            </g>
          </svg>
          <span>{partName(part)}</span>
          <Figure bytes={Math.round(bytes[reading.i] ?? 0)} units={units} />
          {saved && rows.length > 0 && <span class="parts-tensors" data-note="">{tensorsOf(rows, part)}</span>}
        </li>
      ))}
    </ul>
  );
}

const useParts = (course: PartedCourse) => useMemo(() => fillParts(course.timeline, course.timeline_parts), [course]);

interface WithoutProps {
  course: PartedCourse;
  /** In a scale of its own. */
  apart: boolean;
  reach: Bytes;
  query: string;
  units: Units;
  behind: (layout: TimelineLayout) => ComponentChildren;
}

export function WithoutCheckpointing({ course, apart, reach, query, units, behind }: WithoutProps) {
  return (
    <>
      <h3 class="parts-title">
        Without checkpointing{apart && <span class="quiet">, on its own scale</span>}
      </h3>
      <ChartFrame name="step-without" title="Live bytes over the step, without checkpointing" query={query} units={units} table={() => timelineTable(course)}>
        <div class="parts">
          <Timeline
            step={course}
            without={null}
            units={units}
            reach={reach}
            behind={(layout) => (
              <>
                <Areas course={course} layout={layout} />
                {behind(layout)}
              </>
            )}
            below={(reading) => <PartsKey course={course} reading={reading} units={units} />}
          />
        </div>
      </ChartFrame>
    </>
  );
}
