/* Times for people, and the one place that reads them off a report. */
import type { Microseconds } from '../../../wasm/report';
import { formatCount, threeDigits } from './bytes';

/** A time by its name without the unit: microseconds, or as older reports have it picoseconds. null where the report leaves it out. */
export function timeOf(from: object, name: string): Microseconds | null {
  const times = from as Readonly<Record<string, unknown>>;
  const us = times[`${name}_us`];
  if (typeof us === 'number') return us;
  const ps = times[`${name}_ps`];
  return typeof ps === 'number' ? ps / 1e6 : null;
}

const HOUR = 3600e6;

/** "158 ms" */
export function formatTime(us: Microseconds): string {
  if (us === 0) return '0\u00a0ms';
  if (us < 999.5) return `${threeDigits(us)}\u00a0µs`;
  return us < 999.5e3 ? `${threeDigits(us / 1e3)}\u00a0ms` : us < 1e9 ? `${threeDigits(us / 1e6)}\u00a0s` : us < 2 * HOUR ? `${formatCount(us / 1e6)}\u00a0s` : us < 48 * HOUR ? `${threeDigits(us / HOUR)}\u00a0hours` : `${formatCount(us / (24 * HOUR))}\u00a0days`;
}
