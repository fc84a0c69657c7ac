/* The answer as text for other documents. Pure functions of the report; every figure is the core's. */
import type { Field, Report, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { exactBytes, formatBytes, formatCount } from './bytes';
import { conditions, stagesOf, subject } from './subject';
import { componentName, plural } from './words';

export interface Exported {
  report: Report;
  fields: readonly Field[];
  units: Units;
  /** The address that shows the same. */
  link: string;
}

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

/** "Llama 3 8B at 8,192 tokens keeps 53.2 GiB for its backward pass and peaks at 61.0 GiB" */
export function sentence({ report, fields, units }: Omit<Exported, 'link'>): string {
  const { config, saved, step, checkpoint } = report;
  const [seq, batch] = [Number(config['seq']), Number(config['batch'])];
  const stages = stagesOf(report);
  const how = [...conditions(report, fields), ...(checkpoint.policy === 'none' ? [] : [`checkpointed by ${checkpoint.policy}`]), ...(stages === null ? [] : [`all ${stages} stages together`])];
  const size = `${formatCount(seq)} ${plural(seq, 'tokens')}${batch > 1 ? ` × ${formatCount(batch)} sequences` : ''}`;
  return plain(`${subject(report, fields)} at ${[size, ...how].join(', ')}${how.length > 0 ? ',' : ''} keeps ${formatBytes(saved.bytes, units)} for its backward pass and peaks at ${formatBytes(activationPeak(step), units)}`);
}

/* Name, figure for people, exact bytes. */
const lines = ({ report, units }: Exported): (readonly [name: string, figure: string, bytes: number])[] => [
  ...report.components.map(({ component, bytes }) => [componentName(component), plain(formatBytes(bytes, units)), bytes] as const),
  ['Kept', plain(formatBytes(report.saved.bytes, units)), report.saved.bytes],
  ['Peak', plain(formatBytes(activationPeak(report.step), units)), activationPeak(report.step)],
];

export function toText(exported: Exported): string {
  const table = lines(exported);
  const [name, figure] = [0, 1].map((i) => Math.max(...table.map((line) => String(line[i]).length))) as [number, number];
  return [
    `${sentence(exported)}.`,
    '',
    ...table.map(([of, said, bytes]) => `${of.padEnd(name)}  ${said.padStart(figure)}  ${plain(exactBytes(bytes)).padStart(26)}`),
    '',
    `${exported.report.provenance.detail}`,
    exported.link,
    '',
  ].join('\n');
}

export function toMarkdown(exported: Exported): string {
  const escape = (text: string): string => text.replace(/[\\|*_`<>[\]]/g, '\\$&');
  return [
    `${escape(sentence(exported))} ([actmem](${exported.link})).`,
    '',
    '| Component | Memory | Bytes |',
    '|---|---:|---:|',
    ...lines(exported).map(([name, figure, bytes]) => `| ${name === 'Kept' || name === 'Peak' ? `**${name}**` : name} | ${figure} | ${formatCount(bytes)} |`),
    '',
  ].join('\n');
}

export function toLatex(exported: Exported): string {
  const special: Readonly<Record<string, string>> = { '\\': '\\textbackslash{}', '~': '\\textasciitilde{}', '^': '\\textasciicircum{}', '×': '$\\times$', '−': '$-$', '’': "'" };
  const escape = (text: string): string => text.replace(/[\\~^×−’]|[%&#$_{}]/g, (char) => special[char] ?? `\\${char}`);
  const line = ([name, figure, bytes]: readonly [string, string, number]): string => `    ${escape(name)} & ${figure.replace(' ', '~')} & ${formatCount(bytes)} \\\\`;
  const all = lines(exported).map(line);
  return [
    '% needs \\usepackage{booktabs} and \\usepackage{url}',
    '\\begin{table}',
    `  \\caption{${escape(sentence(exported))}. Computed with actmem, \\url{${exported.link.replace(/[%#]/g, '\\$&')}}.}`,
    '  \\begin{tabular}{lrr}',
    '    \\toprule',
    '    Component & Memory & Bytes \\\\',
    '    \\midrule',
    ...all.slice(0, -2),
    '    \\midrule',
    ...all.slice(-2),
    '    \\bottomrule',
    '  \\end{tabular}',
    '\\end{table}',
    '',
  ].join('\n');
}

/** Every tensor kept, as RFC 4180 has it. Bytes times count of all lines are what is kept. */
export function toCsv({ report }: Exported): string {
  const cell = (value: string | number): string => (/[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  const head = ['scope', 'module', 'operation', 'tensor', 'component', 'shape', 'dtype', 'bytes', 'count', 'formula', 'saved_by', 'why'];
  const rows = report.rows.map((row) => [row.scope, row.module, row.op, row.name, row.component, row.shape_values.join(' '), row.dtype, row.bytes, row.count, row.formula, row.saved_by.join(' '), row.why]);
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
