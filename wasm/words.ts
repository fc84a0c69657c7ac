/* The words that the modules leave out, put in from the tables: a report and its formulas are then those that the command line writes. */
import type { Formula, FormulaTable, Report, Row, Tables } from './report.js';

/** Adds a report's words, in place. */
export function completer(tables: Tables): (report: Report) => Report {
  const presets = new Map(tables.presets.map((preset) => [preset.name, preset]));
  const conventions = new Map(tables.conventions.map((words) => [words.id, words]));
  const stacks = new Map(tables.stacks.map(({ stack, detail, derived }) => [stack, { detail, derived }]));
  const whys = new Map(tables.savers.map(({ saved_by, why }) => [saved_by, why]));

  /* What each of its savers needs it for, said once. */
  const whyOf = ({ saved_by }: Row): string => {
    const text = [...new Set(saved_by.map((saver) => whys.get(saver) ?? saver))].join('; ');
    return text === '' ? '' : `${/^[a-z]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text}.`;
  };

  return (report) => {
    const { label, source } = presets.get(report.model.name) ?? { label: 'custom', source: '' };
    Object.assign(report.model, { label, source });
    for (const row of report.rows) row.why = whyOf(row);
    for (const row of report.dropped) row.why = whyOf(row);
    for (const convention of report.state.conventions) Object.assign(convention, conventions.get(convention.id));
    const { provenance } = report;
    const { detail, derived } = stacks.get(provenance.stack) ?? { detail: '', derived: '' };
    Object.assign(provenance, { detail, derived: [derived, ...provenance.derived], not_counted: tables.not_counted });
    return report;
  };
}

/** The formulas with their words, and of what the report keeps. */
export function formulasOf({ formulas }: { formulas: Formula[] }, report: Report, table: FormulaTable): Formula[] {
  const words = new Map(table.formulas.map(({ computed: _, ...rest }) => [rest.id, rest]));
  return formulas.map((formula) => {
    const all = { ...formula, ...words.get(formula.id) };
    const comparable = all.unit === 'bytes' && all.bytes !== null && report.saved.bytes > 0;
    return { ...all, ratio: comparable ? rounded(all.bytes ?? 0, report.saved.bytes) : null };
  });
}

/* To four decimals, half up, as the core writes them. */
function rounded(num: number, den: number): number {
  return Number((BigInt(num) * 20000n) / BigInt(den) + 1n >> 1n) / 10000;
}
