/* Micro-batch against sequence length: how much of the memory a step takes. */
import { useSignal } from '@preact/signals';
import type { FitMap, Units } from '../../../wasm/report';
import { formatBytes, formatCount } from '../format/bytes';
import { fitMapLayout, LEVELS, levelOf, named, placeOf, REFUSED, TOO_MUCH } from './fit-map-layout';
import { sized } from './sized';

interface FitMapProps {
  map: FitMap;
  /** Bytes that a step may take. */
  room: number;
  batch: number;
  seq: number;
  units: Units;
  onChoose: (batch: number, seq: number) => void;
}

const LEFT = 62;
const BOTTOM = 34;
/* The plane's height, for as many rows as there are. */
const HEIGHT = 384;
const TOP = 8;

export const FitMapChart = sized<FitMapProps>('fit-map', ({ map, room, batch, seq, units, onChoose, width }) => {
  const here = { column: placeOf(map.batch, batch), row: placeOf(map.seq, seq) };
  const at = useSignal<{ column: number; row: number } | null>(null);
  const { runs, fitting, columns, rows } = fitMapLayout(map, room);
  const cell = (width - LEFT - 4) / columns;
  const rowHeight = HEIGHT / Math.max(1, rows);
  const height = HEIGHT;
  const top = (row: number) => height - (row + 1) * rowHeight;
  const shown = at.value ?? here;
  const total = map.total_bytes[shown.row]?.[shown.column] ?? null;
  const level = levelOf(total, room);
  const move = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const column = Math.min(columns - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * columns)));
    const row = Math.min(rows - 1, Math.max(0, rows - 1 - Math.floor(((event.clientY - box.top) / box.height) * rows)));
    at.value = { column, row };
  };
  /* A finger reads a cell first; a second tap on the same takes it. */
  const tapped = useSignal(false);
  const down = (event: PointerEvent) => {
    const before = at.value;
    move(event);
    tapped.value = event.pointerType === 'touch' && !(tapped.value && before?.column === at.value?.column && before?.row === at.value?.row);
  };
  const choose = () => {
    const chosen = [map.batch[shown.column], map.seq[shown.row]];
    if (chosen[0] !== undefined && chosen[1] !== undefined && level !== REFUSED) onChoose(chosen[0], chosen[1]);
  };
  const keys: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const key = (event: KeyboardEvent) => {
    const step = keys[event.key];
    if (event.key === 'Enter' || event.key === ' ') choose();
    else if (step !== undefined) at.value = { column: Math.min(columns - 1, Math.max(0, shown.column + step[0])), row: Math.min(rows - 1, Math.max(0, shown.row + step[1])) };
    else return;
    event.preventDefault();
  };
  const words = level === REFUSED ? 'the stack refuses it' : `${formatBytes(total ?? 0, units)}, ${level < TOO_MUCH ? 'fits' : 'does not fit'}`;
  const line = fitting.map((count, column) => `${column === 0 ? 'M' : 'L'}${column * cell} ${height - count * rowHeight}H${(column + 1) * cell}`).join('');
  return (
    <>
      <p class="fit-map-read" aria-live="polite">
        <b>
          {formatCount(map.batch[shown.column] ?? 0)} × {formatCount(map.seq[shown.row] ?? 0)} tokens
        </b>
        : {words}
        {at.value === null ? <span class="quiet"> (as it is now)</span> : tapped.value && level !== REFUSED && <span class="quiet"> (a second tap takes it)</span>}
      </p>
      <div class="fit-map-plane">
      <svg class="chart" width={width} height={height + BOTTOM + TOP} viewBox={`0 ${-TOP} ${width} ${height + BOTTOM + TOP}`} role="img" aria-label="Total memory by micro-batch and sequence length; its table has the figures">
        <g transform={`translate(${LEFT} 0)`}>
          {runs.map((run) => (
            <rect key={`${run.row} ${run.first}`} class={`level-${run.level}`} x={run.first * cell} y={top(run.row)} width={run.count * cell + 0.3} height={rowHeight + 0.3} />
          ))}
          <path class="fit-map-line" d={line} />
          <rect class="fit-map-here" x={here.column * cell - 1} y={top(here.row) - 1} width={cell + 2} height={rowHeight + 2} />
          {at.value !== null && <rect class="fit-map-at" x={shown.column * cell - 1} y={top(shown.row) - 1} width={cell + 2} height={rowHeight + 2} />}
        </g>
        {named(map.seq, 7).map((row) => (
          <text key={row} class="fit-map-tick" x={LEFT - 8} y={top(row) + rowHeight} text-anchor="end">
            {formatCount(map.seq[row] ?? 0)}
          </text>
        ))}
        {named(map.batch, width < 500 ? 5 : 9).map((column) => (
          <text key={column} class="fit-map-tick" x={LEFT + (column + 0.5) * cell} y={height + 14} text-anchor={column === columns - 1 ? 'end' : 'middle'}>
            {formatCount(map.batch[column] ?? 0)}
          </text>
        ))}
        <text class="fit-map-tick" x={LEFT} y={height + 30}>
          horizontal: micro-batch; vertical: tokens per sequence
        </text>
      </svg>
      <button
        type="button"
        class="fit-map-hit"
        style={{ top: `${TOP}px`, left: `${LEFT}px`, width: `${cell * columns}px`, height: `${height}px` }}
        aria-label="Choose a micro-batch and a sequence length: arrow keys move, Enter takes it"
        onPointerMove={move}
        onPointerDown={down}
        onPointerCancel={() => {
          at.value = null;
        }}
        onPointerLeave={(event) => {
          if (event.pointerType !== 'touch') at.value = null;
        }}
        onClick={() => tapped.value || choose()}
        onKeyDown={key}
        onBlur={() => {
          at.value = null;
        }}
      />
      </div>
      <ul class="fit-map-legend" data-legend="">
        <li>share of memory, up to</li>
        {LEVELS.map(({ label }, i) => (
          <li key={label}>
            <svg width="14" height="10" aria-hidden="true">
              <rect class={`level-${i}`} width="14" height="10" />
            </svg>
            {label}
          </li>
        ))}
      </ul>
    </>
  );
});
