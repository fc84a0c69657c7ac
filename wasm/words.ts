/* The words that core.wasm leaves out of a report, put in from the tables: it then reads as the one that whole.wasm writes. */
import type { Report, Row, Tables } from './report.js';

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
    const { label, source, parameters } = presets.get(report.model.name) ?? { label: 'custom', source: '', parameters: null };
    Object.assign(report.model, { label, source, published_parameters: report.model.published_parameters === null ? null : parameters });
    for (const row of report.rows) row.why = whyOf(row);
    for (const row of report.dropped) row.why = whyOf(row);
    for (const convention of report.state.conventions) Object.assign(convention, conventions.get(convention.id));
    const { provenance } = report;
    const { detail, derived } = stacks.get(provenance.stack) ?? { detail: '', derived: '' };
    Object.assign(provenance, { detail, derived: [derived, ...provenance.derived], not_counted: tables.not_counted });
    return report;
  };
}
