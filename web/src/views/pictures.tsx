/* The whole step in two more pictures: by area, and layer by layer. */
import '../styles/pictures.css';
import type { Report, Units } from '../../../wasm/report';
import { ChartFrame } from '../charts/frame';
import { Stack } from '../charts/stack';
import { Treemap } from '../charts/treemap';
import { formatCount } from '../format/bytes';
import { componentName } from '../format/words';
import type { Scope } from '../state/ledger';
import { InSteps } from './in-steps';

interface PicturesProps {
  report: Report;
  scopes: readonly Scope[];
  units: Units;
}

export function Pictures({ report, scopes, units }: PicturesProps) {
  const entries = scopes.flatMap((s) => s.entries);
  if (entries.length === 0) return null;
  const kept = entries.filter((e) => e.fate === 'kept').sort((p, q) => q.row.bytes * q.row.count - p.row.bytes * p.row.count);
  return (
    <div class="pictures">
      <InSteps>
        <section aria-label="By area">
          <h3>By area</h3>
          <ChartFrame
            name="treemap"
            title="What is kept, by area"
            query={report.query}
            units={units}
            table={() => ({
              columns: ['Tensor', 'Component', 'Bytes', '×'],
              rows: kept.map((e) => [e.row.name, componentName(e.row.component), { bytes: e.row.bytes }, formatCount(e.row.count)]),
            })}
          >
            {kept.length === 0 ? <p class="empty">Nothing is kept on the GPU.</p> : <Treemap scopes={scopes} units={units} />}
          </ChartFrame>
        </section>
        <section aria-label="Layer by layer">
          <h3>Layer by layer</h3>
          <ChartFrame
            name="layers"
            title="What each layer keeps"
            query={report.query}
            units={units}
            table={() => ({
              columns: ['Kind', 'Layers', 'Kept', '×'],
              rows: [
                ...report.saved.layers.map((l) => [l.kind, formatCount(l.count * l.layers_each), { bytes: l.bytes }, formatCount(l.count)]),
                ['shared by all layers', '–', { bytes: report.saved.shared_bytes }, '1'],
                ['outside the layers', '–', { bytes: report.saved.outside_bytes }, '1'],
              ],
            })}
          >
            <Stack report={report} scopes={scopes} units={units} />
          </ChartFrame>
        </section>
      </InSteps>
    </div>
  );
}
