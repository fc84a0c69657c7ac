/* A chart's picture: as wide as its layout is, one tab stop where it has marks to go through, one image to a screen reader where it has none.
 * The two that the element's script begins with spell it out: for two it is longer than what it saves. */
import type { ComponentChildren } from 'preact';
import { rove } from './rove';

interface DrawingProps {
  width: number;
  height: number;
  /** What it shows, and where its figures stand. */
  label: string;
  /** Its marks, which arrow keys go through: ".tile" */
  marks?: string;
  children: ComponentChildren;
}

export function Drawing({ width, height, label, marks, children }: DrawingProps) {
  return (
    <svg class="chart" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role={marks ? 'group' : 'img'} aria-label={label} onKeyDown={marks ? rove(marks) : undefined}>
      {children}
    </svg>
  );
}
