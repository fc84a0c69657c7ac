/* The step over time, and where it stands highest. */
import type { Bytes, Report, Step, TimelinePart, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { ChartFrame } from '../charts/frame';
import { Timeline } from '../charts/timeline';
import type { TimelineLayout } from '../charts/timeline-layout';
import { timelineTable } from '../charts/timeline-table';
import { formatBytes } from '../format/bytes';
import { policyText } from '../format/policy';
import { placeText } from '../format/words';
import { type Question, shown } from '../state/ask';
import { useLater } from '../state/later';
import { useSearch } from '../state/searched';
import { Figure } from './figure';

/* Further above the step than this, its end would flatten it. */
const FAR = 3;

/** What the GPU has left for the activations: its memory without what else of the step is in it. null where none is named, where it is far, or where stages are drawn together. */
function roomOf({ fit, step, ranks }: Report, without: Step | null): Bytes | null {
  if (fit === undefined || fit.free_bytes === null || ranks.length > 1) return null;
  const room = fit.free_bytes + fit.activation_peak_bytes;
  return room > 0 && room < FAR * Math.max(activationPeak(step), without === null ? 0 : activationPeak(without)) ? room : null;
}

type Parted = Step & { timeline_parts: TimelinePart[] };
const isParted = (step: Step | null | undefined): step is Parted => step?.timeline_parts !== undefined;

/* What its bytes are of takes as many plays as there are parts, so that it is asked apart from the report. */
const question: Question<Step> = async (text, signal) => (await shown(`${text}&timeline=components`, signal)).step;
const load = () => import('./step-parts');

const highest = ({ timeline }: Pick<Step, 'timeline'>): Bytes => Math.max(0, ...timeline.map((p) => p[4]));

export function StepOverTime({ report, without, units }: { report: Report; without: Step | null; units: Units }) {
  const { query } = report;
  const { place, part, near } = useLater(load);
  const { found, fault, again } = useSearch(question, near && report.config['timeline'] === 'modules' ? query : null);
  const parted = part === null ? undefined : [report.step, found?.text === query ? found.answer : null].find(isParted);
  const step = parted ?? report.step;
  const plain = parted?.without_checkpointing ?? null;
  const apart = plain !== null && highest(plain) > FAR * highest(step);
  const room = roomOf(report, without);
  const behind = ({ frame, heightOf }: TimelineLayout) =>
    room !== null && (
      <>
        <path class="timeline-room" d={`M ${frame.left} ${heightOf(room)} H ${frame.right}`} />
        <text class="axis" x={frame.right} y={heightOf(room) - 5} text-anchor="end">
          left on the GPU for them: {formatBytes(room, units)}
        </text>
      </>
    );
  return (
    <div class="step" ref={place}>
      {plain !== null && <h3 class="parts-title">Checkpointed by {policyText(report.checkpoint.policy, units)}</h3>}
      {step.timeline.length > 0 && (
        <ChartFrame
          name="step"
          title="Live bytes over the step"
          query={query}
          units={units}
          table={() => timelineTable(step)}
        >
          <div class={parted === undefined ? undefined : 'parts'}>
            <Timeline
              step={step}
              without={apart ? null : plain ?? without}
              units={units}
              reach={apart ? undefined : (room ?? undefined)}
              behind={(layout) => (
                <>
                  {part !== null && parted !== undefined && <part.Areas course={parted} layout={layout} />}
                  {!apart && behind(layout)}
                </>
              )}
              below={part === null || parted === undefined ? undefined : (reading) => <part.PartsKey course={parted} reading={reading} rows={report.rows} units={units} />}
            />
          </div>
        </ChartFrame>
      )}
      {part !== null && plain !== null && (
        <part.WithoutCheckpointing course={plain} apart={apart} reach={Math.max(room ?? 0, apart ? 0 : highest(step))} query={query} units={units} behind={behind} />
      )}
      {fault !== null && (
        <p role="status">
          <span class="fault">The breakdown could not be computed: {fault.message}.</span>{' '}
          <button type="button" class="button-quiet" onClick={again}>
            Try again
          </button>
        </p>
      )}
      <div class="scroll" role="region" aria-label="Live bytes" tabIndex={0}>
        <table class="peaks">
          <tbody>
            <tr>
              <th scope="row">Forward peak</th>
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
              <td>saved tensors, and the logits that the caller holds</td>
            </tr>
            <tr>
              <th scope="row">Head and loss ({step.head.loss})</th>
              <td class="number">
                <Figure bytes={step.head.saved_bytes} units={units} />
              </td>
              <td>
                saved; between the last norm and the loss up to <Figure bytes={step.head.forward_bytes} units={units} /> more than the layers hold in forward,{' '}
                <Figure bytes={step.head.backward_bytes} units={units} /> more in backward
              </td>
            </tr>
            <tr>
              <th scope="row">Backward peak</th>
              <td class="number">
                <Figure bytes={step.backward_peak_bytes} units={units} />
              </td>
              <td>{placeText(step.backward_peak_at)}; parameter gradients are allocated beforehand and not counted</td>
            </tr>
            <tr>
              <th scope="row">Whole step, gradients included</th>
              <td class="number">
                <Figure bytes={step.peak_bytes} units={units} />
              </td>
              <td>
                {placeText(step.peak_at)}; parameter gradients start as None and grow to <Figure bytes={step.gradient_bytes} units={units} />
              </td>
            </tr>
          </tbody>
        </table>
      </div>
    </div>
  );
}
