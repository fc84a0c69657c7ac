/* Published formulas: loaded, with what evaluates them, when they come near the window. */
import type { Report, Units } from '../../../wasm/report';
import type { Store } from '../state/store';
import { Late } from './late';

type Views = typeof import('./formula-views');
let views: Views | null = null;

export function Formulas({ store, report, units }: { store: Store; report: Report; units: Units }) {
  return (
    <Late store={store} what="the formulas" loaded={views} load={async () => (views = await import('./formula-views'))}>
      {(loaded, whole) => <loaded.FormulaViews report={report} formulas={report.formulas ?? []} checks={whole.table.formulas} units={units} />}
    </Late>
  );
}
