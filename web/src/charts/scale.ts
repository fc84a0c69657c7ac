/* A linear scale with round ticks. d3-scale's own would bring 9 KB of formats and interpolators that nothing here needs. */
import { ticks } from 'd3-array';

export interface Scale {
  (value: number): number;
  ticks(count: number): number[];
}

export function scaleLinear([d0, d1]: readonly [number, number], [r0, r1]: readonly [number, number]): Scale {
  const scale = (value: number): number => r0 + ((value - d0) / (d1 - d0)) * (r1 - r0);
  return Object.assign(scale, { ticks: (count: number) => ticks(d0, d1, count) });
}
