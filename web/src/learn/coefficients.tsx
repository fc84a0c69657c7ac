/* A layer's formula taken apart: each of its terms as the tensors that it is the sum of. */
import { useComputed } from '@preact/signals';
import type { Report, Row, Units } from '../../../wasm/report';
import { formatBytes, formatCount, formatPercent } from '../format/bytes';
import { termsOf } from '../format/expression';
import { tokenise } from '../format/formula';
import { usualLayer } from '../format/layers';
import { componentName, savedBy } from '../format/words';
import { hot, pointing } from '../state/highlight';
import { Expression, Sum } from '../views/expression';

export interface Addend {
  id: string;
  row: Row;
  coefficient: number;
}

export interface TermParts {
  of: string;
  coefficient: number;
  addends: Addend[];
}

/** The terms of a layer's formula, the most bytes first, with what each is the sum of. */
export function takeApart(report: Report): TermParts[] {
  const layer = usualLayer(report);
  if (layer === undefined) return [];
  const rows = report.rows.filter((row) => row.scope === layer.kind);
  const addends = rows.flatMap((row, i) => termsOf(row.formula).map((term) => ({ id: `addend-${i}`, row, ...term })));
  return termsOf(layer.formula)
    .map(({ coefficient, of }) => ({ of, coefficient, addends: addends.filter((a) => a.of === of) }))
    .sort((x, y) => weight(y) - weight(x));
}

/* By the largest tensor in it, which orders terms as their bytes do. */
const weight = ({ addends }: TermParts): number => addends.reduce((most, { row }) => Math.max(most, row.bytes), 0);

/* Of a layer's bytes; statistics and random states would bury the rest. */
const SMALL = 0.01;

/* Of the drawing: how long a term's tensors are, of all of the layer's. */
const shareOf = (terms: readonly TermParts[], whole: number): number => terms.flatMap((t) => t.addends).reduce((sum, { row }) => sum + row.bytes, 0) / Math.max(1, whole);

const termText = ({ coefficient, of }: TermParts): string => (of === '' ? String(coefficient) : `${coefficient === 1 ? '' : `${coefficient}·`}${of}`);

interface CoefficientsProps {
  /** Without checkpointing. */
  report: Report;
  units: Units;
}

export function Coefficients({ report, units }: CoefficientsProps) {
  const layer = usualLayer(report);
  if (layer === undefined) return null;
  const used = new Set(tokenise(layer.formula, report.symbols).flatMap(({ text, key }) => (key === undefined ? [] : [text])));
  const terms = takeApart(report);
  const large = terms.filter((term) => shareOf([term], layer.bytes) >= SMALL);
  const small = terms.filter((term) => !large.includes(term));
  const draw = (term: TermParts) => <Term key={term.of} term={term} report={report} share={shareOf([term], layer.bytes)} units={units} />;
  return (
    <div class="coefficients">
      <p class="coefficients-formula" aria-label="The layer’s formula">
        <Sum text={layer.formula} symbols={report.symbols} />
      </p>
      <p class="coefficients-bytes">
        = <b>{formatCount(layer.bytes)}</b> bytes{units !== 'bytes' && <> = {formatBytes(layer.bytes, units)}</>}
      </p>
      <ul class="legend-row">
        {report.symbols.filter(({ symbol }) => used.has(symbol)).map(({ symbol, name, value, key }) => (
          <li key={symbol}>
            <var class={`glyph k-${key}`}>{symbol}</var> {name} <b>{formatCount(value)}</b>
          </li>
        ))}
      </ul>
      <ol class="terms">{large.map(draw)}</ol>
      {small.length > 0 && (
        <details class="terms-small">
          <summary>
            The rest, {formatPercent(shareOf(small, layer.bytes))} of it:{' '}
            <Expression text={small.map(termText).join(' + ')} symbols={report.symbols} />
          </summary>
          <ol class="terms">{small.map(draw)}</ol>
        </details>
      )}
    </div>
  );
}

function Term({ term, report, share, units }: { term: TermParts; report: Report; share: number; units: Units }) {
  const { addends, coefficient } = term;
  return (
    <li class="term">
      <div class="term-head">
        <span class="term-formula">
          <Expression text={termText(term)} symbols={report.symbols} />
        </span>
        <span class="term-sum">
          {addends.length === 1 ? `${formatPercent(share)} of the layer` : `${coefficient} = ${addends.map((a) => a.coefficient).join(' + ')}, ${formatPercent(share)} of the layer`}
        </span>
      </div>
      <div class="chips" style={{ width: `${100 * share}%` }} aria-hidden="true">
        {addends.map((addend) => (
          <Chip key={addend.id} addend={addend} />
        ))}
      </div>
      <ul class="addends">
        {addends.map((addend) => (
          <AddendLine key={addend.id} addend={addend} units={units} />
        ))}
      </ul>
    </li>
  );
}

function Chip({ addend }: { addend: Addend }) {
  const lit = useComputed(() => (hot.value === addend.id ? '' : undefined));
  return (
    <span class={`chip c-${addend.row.component}`} style={{ flexGrow: addend.coefficient }} data-hot={lit} {...pointing(addend.id)}>
      {addend.coefficient}
    </span>
  );
}

function AddendLine({ addend: { id, row, coefficient }, units }: { addend: Addend; units: Units }) {
  const lit = useComputed(() => (hot.value === id ? '' : undefined));
  return (
    <li class={`addend c-${row.component}`} data-hot={lit} {...pointing(id)}>
      <span class="addend-coefficient">
        <span class="swatch" title={componentName(row.component)} />
        {coefficient}
      </span>
      <span class="addend-name">
        {row.name} <span class="quiet">{row.dtype}</span>
      </span>
      <span class="addend-shape">{row.shape}</span>
      <span class="addend-bytes">{formatBytes(row.bytes, units)}</span>
      <span class="addend-why">
        <code>{savedBy(row)}</code> {row.why}
      </span>
    </li>
  );
}
