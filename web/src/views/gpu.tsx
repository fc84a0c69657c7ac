/* The visitor's own GPU: loaded when it comes near; the benchmark itself when it is started. */
import type { Report, Units } from '../../../wasm/report';
import type { Store } from '../state/store';
import { Late } from './late';

type Views = typeof import('./gpu-views');
let views: Views | null = null;

export function OwnGpu({ store, report, units }: { store: Store; report: Report; units: Units }) {
  return (
    <Late store={store} what="your GPU" loaded={views} load={async () => (views = await import('./gpu-views'))}>
      {(loaded, whole) => <loaded.GpuViews store={store} whole={whole} report={report} units={units} />}
    </Late>
  );
}
