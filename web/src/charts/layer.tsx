/* One layer, drawn: modules on the wire, and on each wire the tensors that are kept. */
import { useComputed } from '@preact/signals';
import type { Step, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { hot, looked, pointing } from '../state/highlight';
import { FATES } from '../format/words';
import { type Fate, modulesOf, type Scope } from '../state/ledger';
import { type Branch, GAP, type LayerLayout, layLayer, MARK_X, type Mark, type Station, stationName, stationWidth, WIRE } from './layer-layout';
import { fitText, textWidth } from './measure';
import { hatch } from './patterns';
import { rove } from './rove';
import { sized } from './sized';

const RADIUS = 10;
const MARKS: Readonly<Record<Fate, string>> = { kept: 'mark-kept', recomputed: 'mark-dropped', offloaded: 'mark-offloaded' };

interface LayerProps {
  scope: Scope;
  /** Whose timeline says which modules there are. */
  step: Step;
  units: Units;
}

export const LayerPicture = sized<LayerProps>('layer', ({ scope, step, units, width }) => {
  const layout = layLayer(scope, width, modulesOf(step, scope));
  const count = (fate: Fate) => scope.entries.filter((e) => e.fate === fate).length;
  const fates = (['kept', 'recomputed', 'offloaded'] as const).filter((fate) => fate === 'kept' || count(fate) > 0).map((fate) => `${count(fate)} ${FATES[fate]}`);
  return (
    <>
      <svg
        class="chart"
        width={layout.width}
        height={layout.height}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        role="group"
        aria-label={`Drawing of ${scope.kind === 'layer' ? `one ${scope.name}` : 'what stands outside the layers'}: tensors ${fates.join(', ')}. Arrow keys go from tensor to tensor.`}
        onKeyDown={rove('.mark')}
      >
        {layout.branches.map((branch, i) => (
          <BranchView key={i} branch={branch} first={i === 0} last={layout.branches[i + 1]?.y !== branch.y} layout={layout} units={units} layered={scope.kind === 'layer'} />
        ))}
      </svg>
    </>
  );
});

interface BranchProps {
  branch: Branch;
  first: boolean;
  /** The stream does not go on to the right. */
  last: boolean;
  layered: boolean;
  layout: LayerLayout;
  units: Units;
}

function BranchView({ branch, first, last, layered, layout, units }: BranchProps) {
  const { width, height, trunk } = branch;
  const right = width - 6;
  const bottom = height - 8;
  const down = `M ${WIRE} ${trunk} V ${bottom - RADIUS}`;
  const around = `Q ${WIRE} ${bottom} ${WIRE + RADIUS} ${bottom} H ${right - RADIUS} Q ${right} ${bottom} ${right} ${bottom - RADIUS} V ${trunk + 8}`;
  return (
    <g transform={`translate(${branch.x} ${branch.y})`}>
      {layered && <path class="trunk" d={`M 0 ${trunk} H ${width + (last ? -6 : GAP)}`} />}
      {layered && first && (
        <text class="trunk-label" x={WIRE + 14} y={trunk + 17}>
          residual stream
        </text>
      )}
      <path class="wire" d={branch.returns ? `${down} ${around}` : `M ${WIRE} ${layered ? trunk : 4} V ${lastY(branch)}`} />
      {layered && <circle class="wire-dot" cx={WIRE} cy={trunk} r="4" />}
      {branch.returns && <Plus x={right} y={trunk} />}
      {branch.stations.map((station) => (
        <StationView key={`${station.x} ${station.y}`} station={station} />
      ))}
      {branch.marks.map((mark, i) => (
        <MarkView key={mark.entry.id} mark={mark} right={right - 10} layout={layout} units={units} first={first && i === 0} />
      ))}
    </g>
  );
}

const lastY = (branch: Branch): number => Math.max(4, ...branch.marks.map((m) => m.y), ...branch.stations.map((s) => s.y));

function Plus({ x, y }: { x: number; y: number }) {
  return (
    <g class="plus" transform={`translate(${x} ${y})`}>
      <circle r="8" />
      <path d="M -4 0 H 4 M 0 -4 V 4" />
    </g>
  );
}

function StationView({ station }: { station: Station }) {
  const { path, name } = stationName(station);
  const box = stationWidth({ ...station, op: station.continued ? station.op : '' });
  return (
    <g class={`station c-${station.component}`} transform={`translate(${station.x} ${station.y})`}>
      <rect x={WIRE - 10} y={-10} width={box} height={20} rx="3" />
      <text x={WIRE - 1} y={4.5}>
        {path !== '' && <tspan class="station-path">{path}</tspan>}
        {name}
      </text>
      {station.op !== '' && !station.continued && (
        <text class="station-op" x={WIRE + box - 2} y={4.5}>
          {station.op}
        </text>
      )}
    </g>
  );
}

interface MarkProps {
  mark: Mark;
  right: number;
  layout: LayerLayout;
  units: Units;
  first: boolean;
}

function MarkView({ mark, right, layout, units, first }: MarkProps) {
  const { entry, x, y, width, height } = mark;
  const { row, id, fate } = entry;
  const kept = fate === 'kept';
  const lit = useComputed(() => (hot.value === id ? '' : undefined));
  const shown = useComputed(() => looked.value === id);
  const bytes = formatBytes(row.bytes, units);
  const name = fitText(row.name, layout.bytesX - layout.nameX - textWidth(bytes, 12) - 10, 12.5);
  const baseline = layout.stacked ? y - 15 : y + 4;
  return (
    <g
      class={`mark c-${row.component}`}
      data-row={id}
      data-hot={lit}
      role="button"
      tabindex={first ? 0 : -1}
      aria-pressed={shown}
      aria-label={`${name} ${bytes}, ${name === row.name ? '' : `${row.name}, `}${row.dtype}, ${FATES[fate]}`}
      {...pointing(id)}
    >
      <rect class="mark-ground" x={WIRE + 6} y={layout.stacked ? y - 28 : y - 11.5} width={right - WIRE - 4} height={layout.stacked ? 38 : 23} rx="3" />
      <path class="stub" d={`M ${WIRE} ${y} H ${MARK_X}`} />
      <rect class={MARKS[fate]} x={x} y={y - height / 2} width={width} height={height} fill={fate === 'recomputed' ? hatch(row.component) : undefined} />
      <text class={kept ? 'mark-name' : 'mark-name mark-name-dropped'} x={layout.nameX} y={baseline}>
        {name}
      </text>{' '}
      <text class={kept ? 'mark-bytes' : 'mark-bytes mark-name-dropped'} x={layout.bytesX} y={baseline} text-anchor="end">
        {bytes}
      </text>
    </g>
  );
}
