/* Figures inside sentences: each is read off a report by a name, none is computed here. */
import type { Bytes, Field, Plan, Report, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { recomputedOf } from '../charts/tradeoff-measure';
import { exactBytes, formatBytes, formatCount, formatParameters, formatPercent } from '../format/bytes';
import { usualLayer } from '../format/layers';
import { subject } from '../format/subject';

export type Said = { bytes: Bytes } | { parameters: number } | { text: string };

const bytes = (n: Bytes | null | undefined): Said | null => (n == null ? null : { bytes: n });
const count = (n: number | null | undefined): Said | null => (n == null ? null : { text: formatCount(n) });
const formula = (report: Report, id: string) => report.formulas?.find((f) => f.id === id);
const planOf = ({ checkpoint }: Report, policy: string): Plan | undefined => checkpoint.plans.find((p) => p.policy === policy && (policy === 'none' || !p.reentrant));

/** Of a usual layer's bytes, what comes on one of a unit that a published formula counts. */
function layerIn(report: Report, unit: string): Said | null {
  const one = formula(report, unit)?.bytes;
  const layer = usualLayer(report);
  return one == null || one === 0 || layer === undefined ? null : { text: (layer.bytes / layer.layers_each / one).toFixed(1) };
}

const OWN: Readonly<Record<string, (report: Report, fields: readonly Field[]) => Said | null>> = {
  subject: (report, fields) => ({ text: subject(report, fields) }),
  tokens: ({ config }) => count(Number(config['seq'])),
  layers: ({ model }) => count(model.layers),
  saved: ({ saved }) => bytes(saved.bytes),
  outside: ({ saved }) => bytes(saved.outside_bytes),
  peak: ({ step }) => bytes(activationPeak(step)),
  layer: (report) => bytes(usualLayer(report)?.bytes),
  parameters: ({ model }) => ({ parameters: model.parameters }),
  'parameter-bytes': ({ state }) => bytes(state.parameter_bytes),
  /* Bytes for each token and each unit of width. */
  sbh: (report) => layerIn(report, 'lbshdc-elements'),
  /* The C of L·B·S·H·D·C. */
  c: (report) => layerIn(report, 'lbshdc-unit'),
  total: ({ fit }) => bytes(fit?.total_bytes),
  'fit-batch': ({ fit }) => count(fit?.answers?.batch.value),
  scores: ({ rows }) => ({
    text: rows
      .filter((row) => row.formula.includes('s²'))
      .map((row) => `${row.name} ${row.formula}`)
      .join(', '),
  }),
};

const OF: Readonly<Record<string, (report: Report, of: string) => Said | null>> = {
  formula: (report, id) => {
    const found = formula(report, id);
    if (found?.bytes == null) return null;
    if (found.unit === 'parameters') return { parameters: found.bytes };
    return found.unit === 'elements' ? count(found.bytes) : bytes(found.bytes);
  },
  component: ({ components }, name) => bytes(components.find((c) => c.component === name)?.bytes),
  state: ({ state }, id) => bytes(state.conventions.find((c) => c.id === id)?.bytes),
  'state-per-parameter': ({ state }, id) => count(state.conventions.find((c) => c.id === id)?.bytes_per_parameter),
  'saved-of': (report, policy) => bytes(planOf(report, policy)?.saved_bytes),
  'peak-of': (report, policy) => {
    const plan = planOf(report, policy);
    return plan === undefined ? null : bytes(activationPeak(plan));
  },
  again: (report, policy) => {
    const plan = planOf(report, policy);
    return plan === undefined ? null : { text: formatPercent(recomputedOf(plan, report.checkpoint.forward_flops)) };
  },
};

/** "saved", "formula:34sbhl": null where this report has no such figure. */
export function figureOf(name: string, report: Report, fields: readonly Field[]): Said | null {
  const own = OWN[name];
  if (own !== undefined) return own(report, fields);
  const at = name.indexOf(':');
  return OF[name.slice(0, at)]?.(report, name.slice(at + 1)) ?? null;
}

export function saidText(said: Said | null, units: Units): string {
  if (said === null) return '–';
  if ('text' in said) return said.text;
  return 'bytes' in said ? formatBytes(said.bytes, units) : formatParameters(said.parameters);
}

/** For the title: exact where the text is rounded. */
export function exactText(said: Said | null): string {
  if (said === null) return 'not covered by the calculator for these inputs';
  if ('text' in said) return '';
  return 'bytes' in said ? exactBytes(said.bytes) : formatCount(said.parameters);
}

