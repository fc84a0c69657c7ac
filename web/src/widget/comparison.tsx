/* Two configurations, component by component. */
import type { Report, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { formatBytes } from '../format/bytes';
import { componentName } from '../format/words';
import { Figure } from '../views/figure';

interface ComparisonProps {
  first: Report;
  second: Report;
  names: readonly [string, string];
  units: Units;
}

export function Comparison({ first, second, names, units }: ComparisonProps) {
  const bytesOf = ({ components }: Report, component: string): number => components.find((c) => c.component === component)?.bytes ?? 0;
  const components = [...new Set([...first.components, ...second.components].map((c) => c.component))];
  const most = Math.max(1, ...components.flatMap((c) => [bytesOf(first, c), bytesOf(second, c)]));
  return (
    <div class="scroll" role="region" aria-label="Comparison" tabIndex={0}>
      <table class="comparison">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Component</span>
            </th>
            <th scope="col">{names[0]}</th>
            <th scope="col">{names[1]}</th>
            <th scope="col" class="number">
              Difference
            </th>
          </tr>
        </thead>
        <tbody>
          {components.map((component) => (
            <Line key={component} name={componentName(component)} class={`c-${component}`} pair={[bytesOf(first, component), bytesOf(second, component)]} most={most} units={units} />
          ))}
          <Line name="Kept" class="comparison-sum" pair={[first.saved.bytes, second.saved.bytes]} units={units} />
          <Line name="Peak" class="comparison-sum" pair={[activationPeak(first.step), activationPeak(second.step)]} units={units} />
        </tbody>
      </table>
    </div>
  );
}

interface LineProps {
  name: string;
  class: string;
  pair: readonly [number, number];
  /** What the widest bar stands for; without it there are none. */
  most?: number;
  units: Units;
}

function Line({ name, class: extra, pair, most, units }: LineProps) {
  const change = pair[1] - pair[0];
  return (
    <tr class={extra}>
      <th scope="row">
        {most !== undefined && <span class="swatch" />} {name}
      </th>
      {pair.map((bytes, i) => (
        <td key={i}>
          {most !== undefined && (
            <svg class="comparison-bar" width="100%" height="8" aria-hidden="true">
              <rect width={`${(100 * bytes) / most}%`} height="8" />
            </svg>
          )}
          <Figure bytes={bytes} units={units} />
        </td>
      ))}
      <td class="number">{change === 0 ? '0' : `${change < 0 ? '−' : '+'}${formatBytes(Math.abs(change), units)}`}</td>
    </tr>
  );
}
