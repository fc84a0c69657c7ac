/* What published formulas say of this configuration, beside what is kept. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Formula, FormulaTable, Report, Units } from '../../../wasm/report';
import { formatCount, threeDigits } from '../format/bytes';
import type { Store } from '../state/store';
import { Figure } from './figure';

/** Loads what evaluates them when it comes near the window. */
export function Formulas({ store, report, units }: { store: Store; report: Report; units: Units }) {
  const place = useRef<HTMLDivElement>(null);
  const fault = useSignal<string | null>(null);
  const sources = store.sources.value;
  const load = () => {
    fault.value = null;
    store.needSources().catch((error: unknown) => {
      fault.value = error instanceof Error ? error.message : String(error);
    });
  };
  useEffect(() => {
    if (place.current === null) return undefined;
    const near = new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && load(), { rootMargin: '600px' });
    near.observe(place.current);
    return () => near.disconnect();
  }, [sources === null]);
  if (sources !== null) return <FormulaTable report={report} formulas={sources.formulas(report)} checks={sources.table.formulas} units={units} />;
  return (
    <div ref={place} class="formulas-wait" role="status">
      {fault.value === null ? (
        'Loading the formulas …'
      ) : (
        <>
          <span class="fault">The formulas could not be loaded: {fault.value}.</span>{' '}
          <button type="button" class="button-quiet" onClick={load}>
            Try again
          </button>
        </>
      )}
    </div>
  );
}

function FormulaTable({ report, formulas, checks, units }: { report: Report; formulas: readonly Formula[]; checks: FormulaTable['formulas']; units: Units }) {
  return (
    <div class="scroll" role="region" aria-label="Published formulas" tabIndex={0}>
      <table class="formulas">
        <thead>
          <tr>
            <th scope="col">Formula</th>
            <th scope="col" class="number">
              Says here
            </th>
            <th scope="col" class="number">
              Of what is kept
            </th>
            <th scope="col">What does not hold</th>
          </tr>
        </thead>
        <tbody>
          <tr class="ours">
            <th scope="row">
              actmem<span class="plan-note">every storage that autograd keeps, once</span>
            </th>
            <td class="number strong">
              <Figure bytes={report.saved.bytes} units={units} />
            </td>
            <td class="number">1 ×</td>
            <td class="why">{report.provenance.detail}</td>
          </tr>
        </tbody>
        {sources(formulas).map(({ source, formulas }) => (
          <tbody key={source}>
            <tr class="group">
              <th scope="rowgroup" colSpan={4}>
                {source}
              </th>
            </tr>
            {formulas.map((formula) => (
              <FormulaRow key={formula.id} formula={formula} computed={checks.find(({ id }) => id === formula.id)?.computed ?? null} units={units} />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function FormulaRow({ formula, computed, units }: { formula: Formula; computed: number | null; units: Units }) {
  const { published } = formula;
  return (
    <tr>
      <th scope="row">
        {formula.name}
        <span class="expression math">{formula.expression}</span>
      </th>
      <td class="number">
        <Quantity value={formula.bytes} unit={formula.unit} units={units} />
      </td>
      <td class="number">{formula.ratio === null ? '–' : `${threeDigits(formula.ratio)} ×`}</td>
      <td class="why">
        {formula.caveat}
        <span class="plan-note">
          Published: {formatCount(published.value)} {formula.unit}
          {computed === published.value ? ', reproduced exactly' : computed !== null && `; computed here: ${formatCount(computed)}`}
        </span>
      </td>
    </tr>
  );
}

function Quantity({ value, unit, units }: { value: number | null; unit: string; units: Units }) {
  if (value === null) return <span class="quiet">no answer</span>;
  const [first, ...rest] = unit.split(' ');
  return (
    <>
      {first === 'bytes' ? <Figure bytes={value} units={units} /> : formatCount(value)}
      {unit !== 'bytes' && <span class="rounded">{first === 'bytes' ? rest.join(' ') : unit}</span>}
    </>
  );
}

function sources(formulas: readonly Formula[]): { source: string; formulas: Formula[] }[] {
  const groups = new Map<string, Formula[]>();
  for (const formula of formulas) groups.set(formula.source, [...(groups.get(formula.source) ?? []), formula]);
  return [...groups].map(([source, list]) => ({ source, formulas: list }));
}
