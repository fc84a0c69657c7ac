/* What a step takes, as one bar as long as the GPU's memory: shares of the core's sums. */
import type { Bytes, Fit } from '../../../wasm/report';

export interface Segment {
  name: string;
  bytes: Bytes;
  /** In hundredths of the bar. */
  x: number;
  width: number;
  /** Its tint, the same for the same name whatever else there is. */
  tint: number;
}

export interface FitLayout {
  segments: Segment[];
  /** Where the memory, less what is reserved, ends: null where none is named. */
  limit: number | null;
}

const TINTS = ['parameters', 'master weights', 'optimizer states', 'gradients', 'activations', 'activations and gradients'];

export function layFit({ by, total_bytes: total, memory_bytes: memory, reserve_bytes: reserve }: Pick<Fit, 'by' | 'total_bytes' | 'memory_bytes' | 'reserve_bytes'>): FitLayout {
  const room = memory === null ? null : Math.max(0, memory - reserve);
  const whole = Math.max(total, memory ?? 0, 1);
  let x = 0;
  const segments = by
    .filter(({ bytes }) => bytes > 0)
    .map(({ name, bytes }, i) => {
      const tint = TINTS.indexOf(name);
      const segment = { name, bytes, x, width: (bytes / whole) * 100, tint: tint < 0 ? i % TINTS.length : Math.min(tint, 4) };
      x += segment.width;
      return segment;
    });
  return { segments, limit: room === null ? null : (room / whole) * 100 };
}
