/* The stacked bar of the step, with its list of components. */
import { useComputed } from '@preact/signals';
import type { Report, Units } from '../../../wasm/report';
import { exactBytes, formatBytes, formatPercent } from '../format/bytes';
import { componentName } from '../format/words';
import { hot, pointing } from '../state/highlight';
import type { Scope } from '../state/ledger';
import { activationPeak, type Block, layBar, LINE, type Piece } from './bar-layout';
import { Figure } from '../views/figure';
import { textWidth } from './measure';
import { sized } from './sized';

/* The list is not wider, so that names stay near their figures: the rest is the bar's. */
const LIST = 430;
/* Room for a share and the gap before it. */
const SHARE = 50;

/** Right edges of the components and of their tensors, and where the list begins. */
interface Columns {
  bar: number;
  tensors: number;
  list: number;
}

function columnsOf(width: number): Columns {
  const rest = Math.max(0, width - 114 - LIST);
  const bar = 46 + 0.4 * rest;
  const tensors = 80 + rest;
  return { bar, tensors, list: tensors + 34 };
}

export const StepBar = sized<{ report: Report; scopes: readonly Scope[]; units: Units }>('bar', ({ report, scopes, units, width }) => {
  const columns = columnsOf(width);
  const layout = layBar(report, scopes, 400);
  const peak = activationPeak(report.step);
  const without = layout.withoutY === null ? undefined : report.checkpoint.plans.find((p) => p.policy === 'none');
  /* Shares give way to long figures. */
  const shares = layout.blocks.every(
    (b) => columns.list + 17 + textWidth(componentName(b.component), 13) + 4 + textWidth(formatBytes(b.bytes, units), 13) <= width - SHARE,
  );
  const text = report.components.map((c) => `${componentName(c.component)} ${formatBytes(c.bytes, units)}`).join(', ');
  return (
    <>
      <p class="bar-key">
        <span>
          <svg width="22" height="10" aria-hidden="true">
            <path class="bar-peak" d="M 0 5 H 22" />
          </svg>{' '}
          <Figure bytes={peak} units={units} /> peak
        </span>{' '}
        {without !== undefined && (
          <span>
            <svg width="22" height="10" aria-hidden="true">
              <path class="bar-without" d="M 0 5 H 22" />
            </svg>{' '}
            <Figure bytes={without.saved_bytes} units={units} /> kept without checkpointing
          </span>
        )}
      </p>
      <svg
        class="chart"
        width={width}
        height={layout.height}
        viewBox={`0 0 ${width} ${layout.height}`}
        role="img"
        aria-label={`Bytes kept by component: ${text}; total ${formatBytes(report.saved.bytes, units)}, at most ${formatBytes(peak, units)} live at once.`}
      >
        {layout.withoutY !== null && <rect class="bar-ghost" x={0} y={layout.withoutY} width={columns.tensors} height={layout.base - layout.withoutY} />}
        <rect class="bar-peak" x={0.5} y={layout.peakY} width={columns.tensors} height={Math.max(0, layout.base - layout.peakY)} />
        {layout.blocks.map((block) => (
          <BlockView key={block.component} block={block} units={units} width={width} columns={columns} shares={shares} />
        ))}
        {layout.withoutY !== null && <path class="bar-without" d={`M 0 ${layout.withoutY} H ${columns.tensors}`} />}
      </svg>
    </>
  );
});

function BlockView({ block, units, width, columns, shares }: { block: Block; units: Units; width: number; columns: Columns; shares: boolean }) {
  const { bar, tensors, list } = columns;
  const middle = block.y + block.height / 2;
  return (
    <g class={`block c-${block.component}`}>
      <rect class="block-fill" x={0} y={block.y} width={bar} height={Math.max(block.height, 0.75)} />
      {block.pieces.map((piece) => (
        <PieceView key={piece.entry.id} piece={piece} columns={columns} />
      ))}
      <path class="leader" d={`M ${tensors + 2} ${middle} C ${tensors + 20} ${middle} ${list - 24} ${block.lineY} ${list - 6} ${block.lineY}`} />
      <rect class="swatch" x={list} y={block.lineY - 5} width={10} height={10} />
      <text class="block-name" x={list + 17} y={block.lineY + 4.5}>
        {componentName(block.component)}
      </text>
      <text class="block-bytes" x={shares ? width - SHARE : width} y={block.lineY + 4.5} text-anchor="end">
        {formatBytes(block.bytes, units)}
        <title>{exactBytes(block.bytes)}</title>
      </text>
      {shares && (
        <text class="block-share" x={width} y={block.lineY + 4.5} text-anchor="end">
          {formatPercent(block.share)}
        </text>
      )}
      <path class="rule" d={`M ${list} ${block.lineY + LINE / 2} H ${width}`} />
    </g>
  );
}

function PieceView({ piece, columns: { bar, tensors } }: { piece: Piece; columns: Columns }) {
  const lit = useComputed(() => (hot.value === piece.entry.id ? '' : undefined));
  const { onPointerEnter, onPointerLeave } = pointing(piece.entry.id);
  return (
    <rect
      class="piece"
      data-row={piece.entry.id}
      data-hot={lit}
      x={bar}
      y={piece.y}
      width={tensors - bar}
      height={Math.max(piece.height - (piece.height > 3 ? 1 : 0), 0.5)}
      onPointerEnter={onPointerEnter}
      onPointerLeave={onPointerLeave}
    />
  );
}
