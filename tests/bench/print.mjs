/** What benchmarks print: tables, and figures beside their bars. */
import { appendFileSync } from 'node:fs';

const WIDTH = 68;

/** Begins a table: its title and the names of its columns. */
export function table(title, columns) {
  console.log();
  table.row(title, columns);
}
table.row = (name, cells) => console.log(`  ${name.padEnd(WIDTH)}${cells.map((cell) => String(cell).padStart(12)).join('')}`);

export const verdict = (value, most) => (value < most ? 'met' : 'MISSED');

/** For another program, as a line of the file that BARS names, if it names one. */
export const note = (name, value, unit, most) => process.env.BARS && appendFileSync(process.env.BARS, `${JSON.stringify({ name, value, unit, most })}\n`);

/** A figure, its unit, and what it has to stay under, if there is such a bar. */
export function bar(name, value, unit, most = null) {
  note(name, value, unit, most);
  const text = Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
  console.log(`  ${name.padEnd(26)}${text.padStart(10)} ${unit.padEnd(4)}${most === null ? '' : `bar ${String(most).padEnd(8)}${verdict(value, most)}`}`);
}

export const median = (values) => [...values].sort((x, y) => x - y)[values.length >> 1];
