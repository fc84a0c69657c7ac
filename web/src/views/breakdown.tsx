/* Where the bytes are: one layer drawn, and the whole step as a bar. */
import { useSignal } from '@preact/signals';
import type { Report, Units } from '../../../wasm/report';
import { StepBar } from '../charts/bar';
import { LayerPicture } from '../charts/layer';
import { formatCount } from '../format/bytes';
import { stagesOf } from '../format/subject';
import { findEntry, type Scope } from '../state/ledger';
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
  const stages = stagesOf(report);
  if (scopes.length === 0) return <Nothing />;
  return (
    <div class="breakdown">
      <Inspector report={report} scopes={scopes} units={units} />
      <LayerPanel report={report} scopes={scopes} units={units} />
      <div class="breakdown-step">
        <div class="figure-head">
          <h3>The whole step</h3>
          <span class="quiet">
            <Figure bytes={report.saved.bytes} units={units} /> kept
            {stages !== null && ', all stages together'}
          </span>
        </div>
        <StepBar report={report} scopes={scopes} units={units} />
      </div>
    </div>
  );
}

export function Nothing() {
  return <p class="empty">Nothing is kept: no tensor requires a gradient.</p>;
}

/** One kind of layer, or what stands outside them, drawn. */
export function LayerPanel({ report, scopes, units }: BreakdownProps) {
  const wanted = useSignal('');
  const views = drawn(scopes);
  const view = views.find((v) => v.name === wanted.value) ?? views[0];
  if (view === undefined) return null;
  const kind = report.saved.layers.find((k) => k.kind === view.name);
  const stages = stagesOf(report);
  const dropped = view.entries.some((e) => !e.kept);
  return (
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
      <LayerPicture scope={view} units={units} />
      <p class="key">
        <Key /> length: elements a token; height: bytes an element (fp32 4, bf16 2); so area: bytes.
        {dropped && ' Hatched: not kept, computed again in backward.'}
      </p>
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
