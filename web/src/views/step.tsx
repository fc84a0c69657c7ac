/* The step over time, and where it stands highest. */
import type { Bytes, Report, Step, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { ChartFrame } from '../charts/frame';
import { Timeline } from '../charts/timeline';
import { formatBytes, formatCount } from '../format/bytes';
import { PHASES, placeText } from '../format/words';
import { Figure } from './figure';

/* Further above the step than this, its end would flatten it. */
const FAR = 3;

/** What the GPU has left for the activations: its memory without what else of the step is in it. null where none is named, where it is far, or where stages are drawn together. */
function roomOf({ fit, step, ranks }: Report, without: Step | null): Bytes | null {
  if (fit === undefined || fit.free_bytes === null || ranks.length > 1) return null;
  const room = fit.free_bytes + fit.activation_peak_bytes;
  return room > 0 && room < FAR * Math.max(activationPeak(step), without === null ? 0 : activationPeak(without)) ? room : null;
}

export function StepOverTime({ report, without, units }: { report: Report; without: Step | null; units: Units }) {
  const { step } = report;
  const room = roomOf(report, without);
  return (
    <div class="step">
      {step.timeline.length > 0 && (
        <ChartFrame
          name="step"
          title="Live bytes over the step"
          query={report.query}
          units={units}
          table={() => ({
            columns: ['Phase', 'Layer', 'Module', 'Operation', 'Alive'],
            rows: step.timeline.map(([phase, layer, module, op, bytes]) => [PHASES[phase] ?? '', layer < 0 ? '–' : formatCount(layer), step.timeline_modules[module] ?? '', step.timeline_ops[op] ?? '', { bytes }]),
          })}
        >
          <Timeline
            step={step}
            without={without}
            units={units}
            reach={room ?? undefined}
            behind={({ frame, heightOf }) =>
              room !== null && (
                <>
                  <path class="timeline-room" d={`M ${frame.left} ${heightOf(room)} H ${frame.right}`} />
                  <text class="axis" x={frame.right} y={heightOf(room) - 5} text-anchor="end">
                    the GPU’s room for them: {formatBytes(room, units)}
                  </text>
                </>
              )
            }
          />
        </ChartFrame>
      )}
      <div class="scroll" role="region" aria-label="Live bytes" tabIndex={0}>
        <table class="peaks">
          <tbody>
            <tr>
              <th scope="row">Forward, highest</th>
              <td class="number">
                <Figure bytes={step.forward_peak_bytes} units={units} />
              </td>
              <td>{placeText(step.forward_peak_at)}</td>
            </tr>
            <tr>
              <th scope="row">After forward</th>
              <td class="number">
                <Figure bytes={step.after_forward_bytes} units={units} />
              </td>
              <td>what is kept, and the logits that the caller holds</td>
            </tr>
            <tr>
              <th scope="row">Head and loss ({step.head.loss})</th>
              <td class="number">
                <Figure bytes={step.head.saved_bytes} units={units} />
              </td>
              <td>
                kept; from the last norm to the loss up to <Figure bytes={step.head.forward_bytes} units={units} /> above the layers in forward,{' '}
                <Figure bytes={step.head.backward_bytes} units={units} /> in backward
              </td>
            </tr>
            <tr>
              <th scope="row">Backward, highest</th>
              <td class="number">
                <Figure bytes={step.backward_peak_bytes} units={units} />
              </td>
              <td>{placeText(step.backward_peak_at)}; gradients of parameters exist beforehand and are not counted</td>
            </tr>
            <tr>
              <th scope="row">The step, gradients included</th>
              <td class="number">
                <Figure bytes={step.peak_bytes} units={units} />
              </td>
              <td>
                {placeText(step.peak_at)}; gradients start as None and come to <Figure bytes={step.gradient_bytes} units={units} />
              </td>
            </tr>
          </tbody>
        </table>
      </div>
    </div>
  );
}
