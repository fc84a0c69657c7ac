/* Where the bytes are: one layer drawn, and the whole step as a bar. */
import { useSignal } from '@preact/signals';
import type { Report, Units } from '../../../wasm/report';
import { StepBar } from '../charts/bar';
import { ChartFrame } from '../charts/frame';
import { LayerPicture } from '../charts/layer';
import { formatCount, formatPercent } from '../format/bytes';
import { stagesOf } from '../format/subject';
import { componentName, FATES, savedBy } from '../format/words';
import { type Fate, findEntry, type Scope } from '../state/ledger';
import { looked } from '../state/highlight';
import { Figure } from './figure';
import { Inspector } from './inspector';
import { Switch } from './switch';

interface BreakdownProps {
  report: Report;
  scopes: readonly Scope[];
  units: Units;
}

export function Breakdown({ report, scopes, units }: BreakdownProps) {
  const wanted = useSignal('');
  const views = drawn(scopes);
  const view = views.find((v) => v.name === wanted.value) ?? views[0];
  if (view === undefined) return <p class="empty">Nothing is kept: no tensor requires a gradient.</p>;
  const kind = report.saved.layers.find((k) => k.kind === view.name);
  const stages = stagesOf(report);
  const some = (fate: Fate) => view.entries.some((e) => e.fate === fate);
  return (
    <div class="breakdown">
      <Inspector report={report} scopes={scopes} units={units} />
      <div class="breakdown-layer">
        <div class="figure-head">
          <h3>{view.kind === 'layer' ? titled(view.name) : 'Outside the layers'}</h3>
          <span class="quiet">
            {kind === undefined ? (
              <Figure bytes={report.saved.outside_bytes + report.saved.shared_bytes} units={units} />
            ) : (
              <>
                <Figure bytes={kind.bytes} units={units} /> × {formatCount(kind.count)}
                {stages !== null && ', all stages together'}
              </>
            )}
          </span>
          <span class="spring" />
          {views.length > 1 && (
            <Switch
              name="scope"
              label="What to draw"
              value={view.name}
              options={views.map((v) => [v.name, v.kind === 'layer' ? v.name : 'outside'] as const)}
              onChange={(name: string) => {
                wanted.value = name;
                if (findEntry([view], looked.value) !== null) looked.value = null;
              }}
            />
          )}
        </div>
        <ChartFrame
          name="layer"
          title={view.kind === 'layer' ? titled(view.name) : 'Outside the layers'}
          query={report.query}
          units={units}
          table={() => ({
            columns: ['Tensor', 'Module', 'Operation', 'Shape', 'Dtype', 'Bytes', 'Fate'],
            rows: view.entries.map(({ row, fate }) => [row.name, row.module, savedBy(row), row.shape_values.map(formatCount).join(' × '), row.dtype, { bytes: row.bytes }, FATES[fate]]),
          })}
        >
          <LayerPicture scope={view} step={report.step} units={units} />
        </ChartFrame>
        <p class="key">
          <Key /> length: elements a token; height: bytes an element (fp32 4, bf16 2); so area: bytes.
          {some('recomputed') && ' Hatched: not kept, computed again in backward.'}
          {some('offloaded') && ' Outlined: not kept, copied to the host and back.'}
        </p>
      </div>
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
    </div>
  );
}

/* Layer kinds as they are; what is shared and what is outside together. */
function drawn(scopes: readonly Scope[]): Scope[] {
  const layers = scopes.filter((s) => s.kind === 'layer');
  const others = scopes.filter((s) => s.kind !== 'layer');
  if (others.length === 0) return layers;
  return [...layers, { name: 'outside', kind: 'outside', count: 1, entries: others.flatMap((s) => s.entries) }];
}

function titled(kind: string): string {
  return kind.startsWith('first') ? `The ${kind}` : `One ${kind}`;
}

function Key() {
  return (
    <svg class="key-mark" width="42" height="12" aria-hidden="true">
      <rect x="0" y="0" width="14" height="12" />
      <rect x="18" y="3" width="24" height="6" />
    </svg>
  );
}
