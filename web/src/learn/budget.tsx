/* Where a step's memory goes: states that hang on the model alone, then what grows with the batch. */
import type { Fit, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';

export function Budget({ fit, units }: { fit: Fit; units: Units }) {
  const shown = fit.by.filter(({ bytes }) => bytes > 0);
  return (
    <div class="budget">
      <svg class="budget-bar" width="100%" height="28" role="img" aria-label={shown.map(({ name, bytes }) => `${name} ${formatBytes(bytes, units)}`).join(', ')}>
        {shown.map(({ name, bytes }, i) => (
          <rect key={name} class={`budget-${i === shown.length - 1 ? 'last' : i % 2}`} x={share(shown.slice(0, i), fit)} width={share([{ bytes }], fit)} y="0" height="28" />
        ))}
      </svg>
      <ul class="budget-parts">
        {shown.map(({ name, bytes }, i) => (
          <li key={name}>
            <span class={`budget-key budget-${i === shown.length - 1 ? 'last' : i % 2}`} /> {name} <b>{formatBytes(bytes, units)}</b>
          </li>
        ))}
        <li class="budget-total">
          total <b>{formatBytes(fit.total_bytes, units)}</b>
        </li>
      </ul>
    </div>
  );
}

const share = (parts: readonly { bytes: number }[], { total_bytes: total }: Fit): string => `${(100 * parts.reduce((sum, { bytes }) => sum + bytes, 0)) / Math.max(1, total)}%`;
