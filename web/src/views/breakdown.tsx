/* Where the bytes are: one layer drawn, and the whole step as a bar. */
import type { Report, Units } from '../../../wasm/report';
import { StepBar } from '../charts/bar';
import { ChartFrame } from '../charts/frame';
import { formatCount, formatPercent } from '../format/bytes';
import { stagesOf } from '../format/subject';
import { componentName, FATES, savedBy } from '../format/words';
import type { Scope } from '../state/ledger';
import { Figure } from './figure';
import { InSteps } from './in-steps';
import { Inspector } from './inspector';
import { LayerPanel, Nothing } from './layer-panel';

interface BreakdownProps {
  report: Report;
  scopes: readonly Scope[];
  units: Units;
}

export function Breakdown({ report, scopes, units }: BreakdownProps) {
  const stages = stagesOf(report);
  if (scopes.length === 0) return <Nothing />;
  return (
    <div class="breakdown">
      <InSteps>
        <Inspector report={report} scopes={scopes} units={units} />
        <LayerPanel
          report={report}
          scopes={scopes}
          units={units}
          framed={(picture, view, title) => (
            <ChartFrame
              name="layer"
              title={title}
              query={report.query}
              units={units}
              table={() => ({
                columns: ['Tensor', 'Module', 'Operation', 'Shape', 'Dtype', 'Bytes', 'Fate'],
                rows: view.entries.map(({ row, fate }) => [row.name, row.module, savedBy(row), row.shape_values.map(formatCount).join(' × '), row.dtype, { bytes: row.bytes }, FATES[fate]]),
              })}
            >
              {picture}
            </ChartFrame>
          )}
        />
        <div class="breakdown-step">
          <div class="figure-head">
            <h3>The whole step</h3>
            <span class="quiet">
              <Figure bytes={report.saved.bytes} units={units} /> kept
              {stages !== null && ', all stages together'}
            </span>
          </div>
          <ChartFrame
            name="components"
            title="What is kept, by component"
            query={report.query}
            units={units}
            table={() => ({ columns: ['Component', 'Kept', 'Share'], rows: report.components.map((c) => [componentName(c.component), { bytes: c.bytes }, formatPercent(c.bytes / Math.max(1, report.saved.bytes))]) })}
          >
            <StepBar report={report} scopes={scopes} units={units} />
          </ChartFrame>
        </div>
      </InSteps>
    </div>
  );
}
