/* The data of a step over time, as a table. */
import type { Step } from '../../../wasm/report';
import { formatCount } from '../format/bytes';
import { partName } from '../format/parts';
import { PHASES } from '../format/words';
import type { ChartTable } from './frame';
import type { Course } from './timeline-layout';

/** Of each point where it is and what is alive there, and where they are known its parts. */
export function timelineTable({ timeline, timeline_modules: modules, timeline_ops: ops, timeline_parts: parts = [] }: Course & Pick<Step, 'timeline_parts'>): ChartTable {
  return {
    columns: ['Phase', 'Layer', 'Module', 'Operation', 'Alive', ...parts.map((p) => partName(p.part))],
    rows: timeline.map(([phase, layer, module, op, bytes], i) => [
      PHASES[phase] ?? '', layer < 0 ? '–' : formatCount(layer), modules[module] ?? '', ops[op] ?? '', { bytes }, ...parts.map((p) => ({ bytes: p.bytes[i] ?? 0 })),
    ]),
  };
}
