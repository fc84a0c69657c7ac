/* Bars of two configurations, one above the other for each component. */
import type { Report, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { componentName } from '../format/words';
import { Drawing } from './drawing';
import { BAR, layPairs, NEXT } from './pair-layout';
import { hatch } from './patterns';
import { sized } from './sized';

export const Pairs = sized<{ ours: Report; theirs: Report; units: Units }>('pairs', ({ ours, theirs, units, width }) => {
  const { pairs, height, left } = layPairs(ours, theirs, width);
  const said = pairs.map((p) => `${componentName(p.component)} ${formatBytes(p.ours, units)} against ${formatBytes(p.theirs, units)}`).join(', ');
  return (
    <>
      <Drawing width={width} height={height} label={`Kept by component, this configuration against the pinned one: ${said}.`}>
        {pairs.map(({ component, y, ours: a, theirs: b, ourWidth, theirWidth }) => (
          <g key={component} class={`c-${component}`}>
            <text x={0} y={y + BAR + 5}>
              {componentName(component)}
            </text>
            <rect class="pair-ours" x={left} y={y} width={Math.max(ourWidth, a > 0 ? 0.75 : 0)} height={BAR} />
            <rect class="pair-theirs" x={left} y={y + NEXT} width={Math.max(theirWidth, b > 0 ? 0.75 : 0)} height={BAR} fill={hatch(component)} />
            <text class="pair-bytes" x={left + ourWidth + 6} y={y + BAR - 2}>
              {formatBytes(a, units)}
            </text>
            <text class="pair-bytes pair-quiet" x={left + theirWidth + 6} y={y + NEXT + BAR - 2}>
              {formatBytes(b, units)}
            </text>
          </g>
        ))}
      </Drawing>
    </>
  );
});
