/* The treemap: what is kept, by area. */
import { useComputed, useSignal } from '@preact/signals';
import type { Row, Units } from '../../../wasm/report';
import { formatBytes, formatCount } from '../format/bytes';
import { componentName } from '../format/words';
import { hot, pointing } from '../state/highlight';
import type { Scope } from '../state/ledger';
import { ComponentKey } from './component-key';
import { Drawing } from './drawing';
import { fitText, textWidth } from './measure';
import { sized } from './sized';
import { layTreemap, type Tile } from './treemap-layout';

const HEIGHT = 340;
const SIZE = 12;

export const Treemap = sized<{ scopes: readonly Scope[]; units: Units }>('treemap', ({ scopes, units, width }) => {
  const over = useSignal<string | null>(null);
  const tiles = layTreemap(scopes, width, HEIGHT);
  const first = tiles[0];
  return (
    <>
      <p class="picture-readout">{over.value ?? (first === undefined ? '' : tileText(first, units))}</p>
      <Drawing
        width={width}
        height={HEIGHT}
        label={`Everything that is kept, ${tiles.length} tensors by area. Arrow keys go from the largest to the smallest of each component.`}
        marks=".tile"
      >
        {tiles.map((tile, i) => (
          <TileView key={tile.entry.id} tile={tile} tabStop={i === 0} units={units} onOver={(text) => (over.value = text)} />
        ))}
      </Drawing>
      <ComponentKey components={tiles.map((tile) => tile.entry.row.component)} />
    </>
  );
});

/** "gate, MLP: 224 MiB × 32" */
export function tileText({ entry: { row } }: Tile, units: Units): string {
  return `${row.name}, ${componentName(row.component)}: ${bytesText(row, units)}`;
}

/* "224 MiB × 32" */
const bytesText = ({ bytes, count }: Row, units: Units): string => `${formatBytes(bytes, units)}${count > 1 ? ` × ${formatCount(count)}` : ''}`;

interface TileProps {
  tile: Tile;
  tabStop: boolean;
  units: Units;
  onOver: (text: string | null) => void;
}

function TileView({ tile, tabStop, units, onOver }: TileProps) {
  const { entry, x, y, width, height } = tile;
  const { id, row } = entry;
  const lit = useComputed(() => (hot.value === id ? '' : undefined));
  const text = tileText(tile, units);
  const { onPointerEnter, onPointerLeave, onFocus, onBlur } = pointing(id);
  const bytes = bytesText(row, units);
  const named = height >= 20 && width >= 44;
  const second = height >= 38 && textWidth(bytes, SIZE) <= width - 12;
  return (
    <g
      class={`tile c-${row.component}`}
      data-hot={lit}
      role="img"
      tabindex={tabStop ? 0 : -1}
      aria-label={text}
      onPointerEnter={() => (onPointerEnter(), onOver(text))}
      onPointerLeave={() => (onPointerLeave(), onOver(null))}
      onFocus={() => (onFocus(), onOver(text))}
      onBlur={() => (onBlur(), onOver(null))}
    >
      <rect x={x} y={y} width={width} height={height} />
      {named && (
        <text x={x + 6} y={y + 15}>
          {fitText(row.name, width - 12, SIZE)}
        </text>
      )}
      {named && second && (
        <text class="tile-bytes" x={x + 6} y={y + 31}>
          {bytes}
        </text>
      )}
    </g>
  );
}
