/* What stands beside the activations whatever the batch: parameters, gradients, the optimizer. */
import '../styles/formulas.css';
import type { Report, Units } from '../../../wasm/report';
import { formatCount, formatParameters } from '../format/bytes';
import { componentName } from '../format/words';
import { Figure } from './figure';
import { TableHead } from './table-head';

export function StateTables({ report, units }: { report: Report; units: Units }) {
  const { model, state } = report;
  return (
    <div class="state">
      <div class="scroll" role="region" aria-label="Conventions" tabIndex={0}>
        <table class="conventions">
          <caption>Parameters, gradients and optimizer, by convention</caption>
          <TableHead texts={['Convention']} figures={['Bytes per parameter', 'Weights', 'Master copy', 'Gradients', 'Optimizer', 'Total']} />
          <tbody>
            {state.conventions.map((c) => (
              <tr key={c.id}>
                <th scope="row">
                  {c.name}
                  <span class="plan-note">{c.source}</span>
                </th>
                <td class="number" data-label="Bytes per parameter">
                  {c.bytes_per_parameter ?? '–'}
                </td>
                {(
                  [
                    ['Weights', c.weights_bytes],
                    ['Master copy', c.master_bytes],
                    ['Gradients', c.gradients_bytes],
                    ['Optimizer', c.optimizer_bytes],
                  ] as const
                ).map(([label, bytes]) => (
                  <td key={label} class="number" data-label={label}>
                    {bytes === 0 ? '–' : <Figure bytes={bytes} units={units} />}
                  </td>
                ))}
                <td class="number strong" data-label="Total">
                  <Figure bytes={c.bytes} units={units} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="scroll" role="region" aria-label="Parameters" tabIndex={0}>
        <table>
          <caption>
            Parameters by part: {formatCount(model.parameters)}
            {model.parameters !== model.trainable_parameters && `, ${formatCount(model.trainable_parameters)} of them trainable`}
          </caption>
          <TableHead texts={['Part']} figures={['Parameters', 'Memory']} />
          <tbody>
            {model.parts.map((part) => (
              <tr key={`${part.component}${part.adapter}`} class={`c-${part.component}`}>
                <th scope="row">
                  <span class="swatch" />
                  {componentName(part.component)}
                  {part.adapter && ', adapters'}
                  {part.trainable === 0 && <span class="tag">frozen</span>}
                </th>
                <td class="number" title={formatParameters(part.parameters)}>
                  {formatCount(part.parameters)}
                </td>
                <td class="number">
                  <Figure bytes={part.bytes} units={units} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {model.published_parameters !== null && (
          <p class="note">
            {model.published_parameters === model.parameters ? 'Equal to the published count.' : `Published for the whole model: ${formatCount(model.published_parameters)}.`}
          </p>
        )}
      </div>
    </div>
  );
}
