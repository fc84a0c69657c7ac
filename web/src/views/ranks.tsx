/* The ranks of a pipeline: loaded where there are any. */
import type { Report, Units } from '../../../wasm/report';
import type { Store } from '../state/store';
import { Late } from './late';

type Views = typeof import('./ranks-view');
let views: Views | null = null;

export function Ranks({ store, report, units }: { store: Store; report: Report; units: Units }) {
  return (
    <Late store={store} what="the ranks" loaded={views} load={async () => (views = await import('./ranks-view'))}>
      {(loaded) => <loaded.RanksView report={report} units={units} />}
    </Late>
  );
}
