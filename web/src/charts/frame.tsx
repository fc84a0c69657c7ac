/* Around every chart: its data as a table, and the picture to save. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { Bytes, Units } from '../../../wasm/report';
import { Figure } from '../views/figure';

export type Cell = string | { bytes: Bytes } | null;

export interface ChartTable {
  /** The first names the row. */
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
}

export type PictureKind = 'svg' | 'png';

export interface ChartFrameProps {
  /** Of the file: "timeline". */
  name: string;
  /** Above the saved picture, and the table's name. */
  title: string;
  /** The text that gives the page again: below the saved picture. */
  query: string;
  units: Units;
  /** Asked for when it is opened. */
  table: () => ChartTable;
  /** Holds one <svg class="chart">; lists with data-legend are saved below it. */
  children: ComponentChildren;
}

const KINDS: readonly PictureKind[] = ['svg', 'png'];

export function ChartFrame({ name, title, query, units, table, children }: ChartFrameProps) {
  const frame = useRef<HTMLDivElement>(null);
  const open = useSignal(false);
  const fault = useSignal<string | null>(null);
  const save = async (kind: PictureKind) => {
    const picture = frame.current?.querySelector<SVGSVGElement>('svg.chart');
    if (picture == null) return;
    try {
      fault.value = null;
      const { savePicture } = await import('./save');
      const legend = [...(frame.current?.querySelectorAll<HTMLElement>('[data-legend] > li:not([data-none])') ?? [])];
      await savePicture(picture, { name: `actmem-${name}`, title, query, legend }, kind);
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error);
    }
  };
  return (
    <div class="chart-frame" ref={frame}>
      {children}
      <div class="chart-tools" role="group" aria-label={`${title}: table and picture`}>
        <button type="button" class="button-quiet" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
          {open.value ? 'Close the table' : 'Table'}
        </button>
        {KINDS.map((kind) => (
          <button key={kind} type="button" class="button-quiet" aria-label={`Save as ${kind.toUpperCase()}`} onClick={() => void save(kind)}>
            {kind.toUpperCase()}
          </button>
        ))}
        {fault.value !== null && (
          <span class="fault" role="status">
            The picture could not be saved: {fault.value}.
          </span>
        )}
      </div>
      {open.value && <DataTable title={title} table={table()} units={units} />}
    </div>
  );
}

function DataTable({ title, table: { columns, rows }, units }: { title: string; table: ChartTable; units: Units }) {
  const numeric = columns.map((_, at) => rows.some((row) => typeof row[at] === 'object' && row[at] !== null));
  return (
    <div class="scroll chart-table" role="region" aria-label={`${title}, as a table`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column, at) => (
              <th key={column} scope="col" class={numeric[at] ? 'number' : undefined}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, at) => {
                const text = cell === null ? '–' : typeof cell === 'string' ? cell : <Figure bytes={cell.bytes} units={units} />;
                return at === 0 ? (
                  <th key={at} scope="row">
                    {text}
                  </th>
                ) : (
                  <td key={at} class={numeric[at] ? 'number' : undefined}>
                    {text}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
