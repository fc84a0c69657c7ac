/* The layers, stacked. */
import { useSignal } from '@preact/signals';
import type { Report, Units } from '../../../wasm/report';
import { formatBytes, formatCount } from '../format/bytes';
import { componentName, FATES } from '../format/words';
import type { Scope } from '../state/ledger';
import { ComponentKey } from './component-key';
import { Drawing } from './drawing';
import { hatch } from './patterns';
import { sized } from './sized';
import { layStack, type Slab } from './stack-layout';

export const Stack = sized<{ report: Report; scopes: readonly Scope[]; units: Units }>('stack', ({ report, scopes, units, width }) => {
  const over = useSignal<string | null>(null);
  const { height, left, slabs } = layStack(report, scopes, width);
  const text = (slab: Slab) => slabText(slab, units);
  return (
    <>
      <p class="picture-readout">{over.value ?? (slabs[0] === undefined ? '' : text(slabs[0]))}</p>
      <Drawing
        width={width}
        height={height}
        label={`${formatCount(report.model.layers)} layers, each as long as what it keeps, and what stands outside them. Arrow keys go through the kinds.`}
        marks=".slab"
      >
        {slabs.map((slab, i) => (
          <g
            key={slab.kind}
            class="slab"
            role="img"
            tabindex={i === 0 ? 0 : -1}
            aria-label={text(slab)}
            onPointerEnter={() => (over.value = text(slab))}
            onPointerLeave={() => (over.value = null)}
            onFocus={() => (over.value = text(slab))}
            onBlur={() => (over.value = null)}
          >
            <rect class="slab-ground" x={0} y={slab.y} width={width} height={slab.count * slab.pitch} />
            {Array.from({ length: slab.count }, (_, at) =>
              slab.parts.map((part) => (
                <rect
                  key={`${at} ${part.component} ${part.fate}`}
                  class={`c-${part.component} slab-${part.fate}`}
                  x={left + part.x}
                  y={slab.y + at * slab.pitch}
                  width={part.width}
                  height={slab.thickness}
                  fill={part.fate === 'recomputed' ? hatch(part.component) : undefined}
                />
              )),
            )}
            <text class="axis" x={left - 8} y={slab.y + (slab.layersEach === 0 ? slab.thickness / 2 + 4 : 10)} text-anchor="end">
              {slab.ticks[0]}
            </text>
            {slab.ticks[1] !== null && (
              <text class="axis" x={left - 8} y={slab.y + slab.count * slab.pitch - 2} text-anchor="end">
                {slab.ticks[1]}
              </text>
            )}
          </g>
        ))}
      </Drawing>
      <ComponentKey components={slabs.flatMap((slab) => slab.parts.map((part) => part.component))} />
    </>
  );
});

/** "layers 0 to 15, checkpointed layer: each keeps 64.0 MiB; recomputed: Attention, MLP, Norms" */
export function slabText({ label, kind, bytes, count, parts }: Slab, units: Units): string {
  const away = (['recomputed', 'offloaded'] as const).flatMap((fate) => {
    const list = parts.filter((p) => p.fate === fate).map((p) => componentName(p.component));
    return list.length === 0 ? [] : [`; ${FATES[fate]}: ${list.join(', ')}`];
  });
  const of = kind === 'outside' || kind === 'layer' ? '' : `, ${kind}`;
  return `${label}${of}: ${count > 1 ? 'each keeps' : 'keeps'} ${formatBytes(bytes, units)}${away.join('')}`;
}
