/* Every saved tensor: where, by which operation, its shape, its bytes, and why. */
import { useComputed } from '@preact/signals';
import type { Units } from '../../../wasm/report';
import { formatBytes, formatCount } from '../format/bytes';
import { componentName, FATES, savedBy } from '../format/words';
import { hot, point } from '../state/highlight';
import type { Entry, Scope } from '../state/ledger';

export function LedgerTable({ scopes, units }: { scopes: readonly Scope[]; units: Units }) {
  return (
    <div class="scroll" role="region" aria-label="Table of tensors" tabIndex={0}>
      <table class="ledger">
        <thead>
          <tr>
            <th scope="col">Tensor</th>
            <th scope="col">Module</th>
            <th scope="col">Saved by</th>
            <th scope="col">Shape</th>
            <th scope="col">Dtype</th>
            <th scope="col" class="number">
              Bytes
            </th>
            <th scope="col" class="number">
              ×
            </th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        {scopes.map((scope) => (
          <tbody key={scope.name}>
            <tr class="group">
              <th scope="rowgroup" colSpan={8}>
                {scope.kind === 'layer' ? `${scope.name} × ${formatCount(scope.count)}` : scope.kind === 'shared' ? 'shared by all layers' : 'outside the layers'}
              </th>
            </tr>
            {scope.entries.map((entry) => (
              <LedgerRow key={entry.id} entry={entry} units={units} />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function LedgerRow({ entry, units }: { entry: Entry; units: Units }) {
  const { row, id, fate } = entry;
  const kept = fate === 'kept';
  const lit = useComputed(() => (hot.value === id ? '' : undefined));
  return (
    <tr class={`c-${row.component}`} data-row={id} data-hot={lit} data-dropped={kept ? undefined : ''} onPointerEnter={() => point(id)} onPointerLeave={() => point(null)}>
      <th scope="row">
        <span class="swatch" data-dropped={kept ? undefined : ''} title={componentName(row.component)} />
        {row.name}
        {!kept && <span class="tag">{FATES[fate]}</span>}
      </th>
      <td data-label="Module">
        <code>{row.module === '' ? '–' : breakable(row.module)}</code>
      </td>
      <td data-label="Saved by">
        <code title={row.saved_by.join(', ')}>{breakable(savedBy(row))}</code>
      </td>
      <td data-label="Shape">
        <span class="shape">{row.shape}</span>
        <span class="shape-values">{row.shape_values.map((n) => formatCount(n)).join(' × ')}</span>
      </td>
      <td data-label="Dtype">{row.dtype}</td>
      <td data-label="Bytes" class="number">
        {formatCount(row.bytes)}
        {units !== 'bytes' && <span class="rounded">{formatBytes(row.bytes, units)}</span>}
      </td>
      <td data-label="×" class="number">
        {formatCount(row.count)}
      </td>
      <td data-label="Why" class="why">
        {row.why}
      </td>
    </tr>
  );
}

/* A long name may break behind its dots and underscores. */
const breakable = (name: string) => name.split(/(?<=[._])/).map((part, i) => [i > 0 && <wbr />, part]);
