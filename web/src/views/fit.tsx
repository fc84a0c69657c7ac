/* What fits, and what a step costs: loaded, with what evaluates them, when they come near the window. */
import type { Report, Units } from '../../../wasm/report';
import type { Store } from '../state/store';
import { Late } from './late';

type Views = typeof import('./fit-views');
let views: Views | null = null;

export function Fit({ store, report, units }: { store: Store; report: Report; units: Units }) {
  return (
    <Late store={store} what="the map" loaded={views} load={async () => (views = await import('./fit-views'))}>
      {(loaded) => <loaded.FitViews store={store} report={report} units={units} />}
    </Late>
  );
}
