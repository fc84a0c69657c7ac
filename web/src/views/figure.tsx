/* A figure in bytes: three digits to read, the exact number on hover and focus. */
import type { Bytes, Units } from '../../../wasm/report';
import { exactBytes, formatBytes } from '../format/bytes';

export interface FigureProps {
  bytes: Bytes;
  units: Units;
  /** A tab stop that shows the exact number on focus. */
  focusable?: boolean;
}

export function Figure({ bytes, units, focusable }: FigureProps) {
  const exact = exactBytes(bytes);
  return (
    <data class="figure" value={bytes} data-exact={exact} title={focusable ? undefined : exact} tabIndex={focusable ? 0 : undefined}>
      {formatBytes(bytes, units)}
      {focusable && units !== 'bytes' && <span class="hidden">, {exact}</span>}
    </data>
  );
}
