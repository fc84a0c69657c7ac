/* Bytes for people: three significant digits in one system of units, GiB (2^30) or GB (10^9), never both. */
import type { Bytes, Units } from '../../../wasm/report';

const SYSTEMS: Record<Exclude<Units, 'bytes'>, { base: number; names: readonly string[] }> = {
  GiB: { base: 1024, names: ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] },
  GB: { base: 1000, names: ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] },
};
const SPACE = '\u00a0';

/** "8,192": to a whole number. By hand: the browser's own formats are read from its data first, which takes longer than the whole of the page's text. */
export function formatCount(n: number): string {
  return formatTick(Math.sign(n) * Math.round(Math.abs(n)) || 0);
}

/** The same with what stands behind the point: "2.5" */
export function formatTick(n: number): string {
  const [whole = '', ...rest] = String(n).split('.');
  return [whole.replace(/\B(?=(?:\d{3})+$)/g, ','), ...rest].join('.');
}

/** "14,281,106,188 bytes" */
export function exactBytes(n: Bytes): string {
  return `${formatCount(n)}${SPACE}${n === 1 ? 'byte' : 'bytes'}`;
}

/** "13.3 GiB" */
export function formatBytes(n: Bytes, units: Units): string {
  const { number, unit } = splitBytes(n, units);
  return `${number}${SPACE}${unit}`;
}

export function splitBytes(n: Bytes, units: Units): { number: string; unit: string } {
  if (units === 'bytes') return { number: formatCount(n), unit: 'B' };
  const { base, names } = SYSTEMS[units];
  let value = n;
  let i = 0;
  /* 999.5 would print as 1,000: the next unit says it in three digits. */
  while (value >= 999.5 && i < names.length - 1) {
    value /= base;
    i++;
  }
  return { number: i === 0 ? formatCount(n) : threeDigits(value), unit: names[i] ?? 'B' };
}

/** Largest unit of a system that is not above `most`, for an axis: every tick in the same unit. */
export function axisUnit(most: Bytes, units: Units): { divisor: number; unit: string } {
  if (units === 'bytes') return { divisor: 1, unit: 'B' };
  const { base, names } = SYSTEMS[units];
  let divisor = 1;
  let i = 0;
  while (most / divisor >= base && i < names.length - 1) {
    divisor *= base;
    i++;
  }
  return { divisor, unit: names[i] ?? 'B' };
}

export function threeDigits(value: number): string {
  if (value === 0) return '0';
  if (value >= 999.5) return formatCount(value);
  if (value < 0.001) return value.toPrecision(3);
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : value >= 0.9995 ? 2 : 3);
}

/** "8.03 billion" */
export function formatParameters(n: number): string {
  for (const [size, name] of [[1e12, 'trillion'], [1e9, 'billion'], [1e6, 'million']] as const) {
    if (n >= 0.9995 * size) return `${threeDigits(n / size)}${SPACE}${name}`;
  }
  return formatCount(n);
}

/** "70 %", with a digit more below ten and beside a hundred: 100 % is said of all of it only. */
export function formatPercent(ratio: number): string {
  const percent = ratio * 100;
  if (percent > 0 && percent < 0.05) return `<0.1${SPACE}%`;
  if (percent >= 99.95 && percent < 100) return `>99.9${SPACE}%`;
  const finer = percent !== 100 && (percent < 9.95 || (percent >= 99.5 && percent < 100.5));
  return `${percent === 0 ? '0' : finer ? percent.toFixed(1) : formatCount(percent)}${SPACE}%`;
}
