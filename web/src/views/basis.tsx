/* What the verdict counts beside the activations, and what would be usual: one click. */
import '../styles/basis.css';
import type { Fit, FitChange, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { parseQuery } from '../state/query';
import type { Store } from '../state/store';

interface BasisProps {
  fit: Fit;
  /** What is usual, evaluated; while that is sought its room is held, so that nothing below moves when it comes. */
  asUsual?: FitChange | 'sought' | null | undefined;
  units: Units;
  store: Store;
}

export function Basis({ fit, asUsual, units, store }: BasisProps) {
  const { basis, usual } = fit;
  return (
    <p class="basis">
      This counts {basis}
      {usual === null ? (
        '.'
      ) : (
        <>
          ; {usual.who} with <code>{usual.set}</code>
          {asUsual === 'sought' ? <span class="basis-sought">searching …</span> : asUsual ? `: ${formatBytes(asUsual.total_bytes, units)}${fit.memory_bytes === null ? '' : asUsual.fits ? ', fits' : ', does not fit'}.` : '.'}{' '}
          <button type="button" class="button-line" onClick={() => store.choose(Object.fromEntries(parseQuery(usual.set)))}>
            Use that
          </button>
        </>
      )}
    </p>
  );
}
