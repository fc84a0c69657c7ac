/* The answer in one sentence. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Field, Plan, Report, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { recomputedOf } from '../charts/tradeoff-measure';
import { formatBytes, formatCount, formatParameters, formatPercent } from '../format/bytes';
import { faultText } from '../format/fault';
import { planName, policyText } from '../format/policy';
import { conditions, stageName, stagesOf, subject } from '../format/subject';
import { plural } from '../format/words';
import type { Answer, Changes, Fault } from '../state/store';
import { Figure } from './figure';

interface AnswerProps {
  answer: Answer;
  fields: readonly Field[];
  units: Units;
  /** What is wrong with each input of a link whose rest is shown. */
  faults: readonly Fault[];
  onChoose: (changes: Changes) => void;
}

export function AnswerSentence({ answer, fields, units, faults, onChoose }: AnswerProps) {
  const { report, fault } = answer;
  const { config, saved, step } = report;
  const stages = stagesOf(report);
  const worst = stages === null ? undefined : report.ranks[report.worst_rank];
  const other = stages === null ? comparedWith(report) : null;
  const chosen = report.checkpoint.plans.find((p) => p.chosen);
  const batch = Number(config['batch']);
  const who = subject(report, fields);
  const how = conditions(report, fields);
  const checkpointed = report.checkpoint.policy !== 'none';
  const kept = worst?.saved_bytes ?? saved.bytes;
  const title = `${who}, ${formatCount(Number(config['seq']))} tokens: ${formatBytes(kept, units)} · actmem`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <section class="answer" aria-label="The answer">
      <p class="answer-sentence" data-stale={staleness(fault)}>
        <strong>{who}</strong> at {formatCount(Number(config['seq']))} {plural(Number(config['seq']), 'tokens')}
        {batch > 1 && ` × ${formatCount(batch)} sequences`}
        {how.map((text) => `, ${text}`)}
        {checkpointed && (
          <>
            , checkpointed by <code>{chosen === undefined ? policyText(report.checkpoint.policy, units) : planName(chosen, units)}</code>
          </>
        )}
        {worst !== undefined ? `: ${stageName(worst.rank, stages ?? 0)} of ${formatCount(stages ?? 0)} stages` : (how.length > 0 || checkpointed) && ','} keeps <Figure bytes={kept} units={units} focusable /> for its backward pass
        {' '}
        and peaks at <Figure bytes={activationPeak(worst ?? step)} units={units} focusable />
        .{' '}
        {other !== null && (
          <span class="answer-other">
            {other.policy === 'none' ? 'Without checkpointing' : 'With full checkpointing'}: <Figure bytes={other.saved_bytes} units={units} focusable /> kept,{' '}
            <Figure bytes={activationPeak(other)} units={units} focusable /> peak
            {other.recomputed_flops > 0 && `, ${formatPercent(recomputedOf(other, report.checkpoint.forward_flops))} of the forward pass recomputed`}.
          </span>
        )}
        {worst !== undefined && (
          <span class="answer-other">
            No other stage peaks higher. It has {formatCount(worst.layers)} of {formatCount(report.model.layers)} layers, at most {formatCount(worst.in_flight)} {plural(worst.in_flight, 'chunks')} of them in flight. All stages together
            keep <Figure bytes={saved.bytes} units={units} focusable /> for one micro-batch.
          </span>
        )}
      </p>
      {fault === null && (
        <p class="answer-note">
          {worst === undefined ? 'Activations of one micro-batch on one GPU.' : 'Activations of the micro-batches in flight, on one GPU of that stage.'} {formatParameters(report.state.parameters)} parameters
          {worst !== undefined && ' of all stages'} (<Figure bytes={report.state.parameter_bytes} units={units} />
          ) and the optimizer’s state come on top<Gradients report={report} rank={worst?.rank ?? 0} units={units} />.
        </p>
      )}
      <p class="answer-stale" role="status">
        {fault !== null && (
          <>
            <span class={fault.waiting ? undefined : 'fault'}>{fault.waiting ? fault.message : (faults.length > 0 ? faults : [fault]).map(faultText).join(' ')}</span> Showing the{' '}
            {STANDING[answer.standing]} configuration{answer.standing === 'rest' && ` without ${faults.map(({ field }) => field).join(', ')}`}.
            {answer.standing === 'rest' && (
              <button type="button" class="button-quiet" onClick={() => onChoose(Object.fromEntries(faults.map(({ field }) => [field, null])))}>
                Leave {faults.length === 1 ? 'it' : 'them'} out
              </button>
            )}
          </>
        )}
      </p>
      <Spoken text={`${who}: ${formatBytes(kept, units)} kept${worst === undefined ? '' : ` by ${stageName(worst.rank, stages ?? 0)} stage`}, ${formatBytes(activationPeak(worst ?? step), units)} peak.`} />
    </section>
  );
}

/* As the bar below counts them: beside the activations where they are there throughout, else as far as they are there at the peak. */
function Gradients({ report: { fit, state, step }, rank, units }: { report: Report; rank: number; units: Units }) {
  if (state.gradient_bytes === 0) return null;
  const staying = fit?.gradients_stay === true ? fit.by.find(({ name }) => name === 'gradients') : undefined;
  if (staying !== undefined) {
    return (
      <>
        , and gradients (<Figure bytes={staying.bytes} units={units} />)
      </>
    );
  }
  const peak = fit === undefined ? step.peak_bytes : fit.rank === rank ? fit.activation_peak_bytes : null;
  return (
    <>
      ; gradients are allocated as activations are freed
      {peak !== null && (
        <>
          : with them the peak is <Figure bytes={peak} units={units} />
        </>
      )}
    </>
  );
}

const STANDING: Readonly<Record<Answer['standing'], string>> = { last: 'last valid', rest: 'link’s', default: 'default' };

/** For data-stale: an answer to another question than is asked. */
export const staleness = (fault: Fault | null): string | undefined => (fault === null ? undefined : fault.waiting ? 'waiting' : '');

/* For screen readers, when the typing has stopped. */
function Spoken({ text }: { text: string }) {
  const said = useSignal('');
  useEffect(() => {
    const timer = setTimeout(() => {
      said.value = text;
    }, 900);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p class="hidden" aria-live="polite">
      {said.value}
    </p>
  );
}

/** What the chosen policy is measured against: none, or full if none is chosen. */
export function comparedWith({ checkpoint }: Report): Plan | null {
  const wanted = checkpoint.policy === 'none' ? 'full' : 'none';
  return checkpoint.plans.find((p) => p.policy === wanted && !p.reentrant && !p.chosen) ?? null;
}
