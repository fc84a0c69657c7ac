/* One kind of layer, or what stands outside them, drawn. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Report, Units } from '../../../wasm/report';
import { LayerPicture } from '../charts/layer';
import { formatCount } from '../format/bytes';
import { stagesOf } from '../format/subject';
import { type Fate, findEntry, type Scope } from '../state/ledger';
import { looked } from '../state/highlight';
import { Figure } from './figure';
import { Switch } from './switch';

export function Nothing() {
  return <p class="empty">Nothing is kept: no tensor requires a gradient.</p>;
}

interface LayerPanelProps {
  /** Put around the picture; nothing by default. */
  framed?: (picture: ComponentChildren, view: Scope, title: string) => ComponentChildren;
  report: Report;
  scopes: readonly Scope[];
  units: Units;
}

export function LayerPanel({ framed = (picture) => picture, report, scopes, units }: LayerPanelProps) {
  const wanted = useSignal('');
  const views = drawn(scopes);
  const view = views.find((v) => v.name === wanted.value) ?? views[0];
  if (view === undefined) return null;
  const kind = report.saved.layers.find((k) => k.kind === view.name);
  const stages = stagesOf(report);
  const some = (fate: Fate) => view.entries.some((e) => e.fate === fate);
  const title = view.kind === 'layer' ? titled(view.name) : 'Outside the layers';
  return (
    <div class="breakdown-layer">
      <div class="figure-head">
        <h3>{title}</h3>
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
      {framed(<LayerPicture scope={view} step={report.step} units={units} />, view, title)}
      <p class="key">
        <Key /> length: elements per token; height: bytes per element (fp32 4, bf16 2); so area is bytes.
        {some('recomputed') && ' Hatched: not kept, recomputed in backward.'}
        {some('offloaded') && ' Outlined: not kept, copied to the host and back.'}
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
