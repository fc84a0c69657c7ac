/* What is known about the tensor that the visitor points at. Its room is reserved: nothing moves. */
import type { Report, Units } from '../../../wasm/report';
import { exactBytes, formatCount } from '../format/bytes';
import { savedBy } from '../format/words';
import { looked } from '../state/highlight';
import { findEntry, largest, type Scope } from '../state/ledger';
import { Figure } from './figure';
import { FormulaText } from './math';

export function Inspector({ report, scopes, units }: { report: Report; scopes: readonly Scope[]; units: Units }) {
  const found = findEntry(scopes, looked.value) ?? largest(scopes);
  if (found === null) return null;
  const { row, fate } = found.entry;
  return (
    <div class="inspector" data-looked={looked.value === null ? undefined : ''}>
      <p class="inspector-title">
        <span class={`swatch c-${row.component}`} data-dropped={fate === 'kept' ? undefined : ''} />
        <strong>{row.name}</strong> <code>{row.module === '' ? '' : `${row.module} · `}{savedBy(row)}</code>
        <span class="inspector-bytes">
          <Figure bytes={row.bytes} units={units} />
          {row.count > 1 && <span class="quiet"> × {formatCount(row.count)}</span>}
        </span>
      </p>
      <p class="inspector-line">
        {row.shape} = [{row.shape_values.map((n) => formatCount(n)).join(', ')}] {row.dtype} · <FormulaText text={row.formula} symbols={report.symbols} /> ={' '}
        {exactBytes(row.bytes)} <code>· {row.saved_by.join(', ')}</code>
      </p>
      <p class="inspector-why">
        {fate === 'recomputed' && (row.cached ? 'Recomputed in backward; in the forward autocast’s cache holds it to the end, kept or not. ' : 'Not kept: recomputed in backward. ')}
        {fate === 'offloaded' && 'Not kept: copied to the host and back. '}
        {row.why}
      </p>
    </div>
  );
}
