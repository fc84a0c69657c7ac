/* The answer in one sentence. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Plan, Report, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { formatBytes, formatCount, formatParameters, formatPercent } from '../format/bytes';
import { planId } from '../form/policy-select';
import { plural } from '../format/words';
import type { Fault } from '../state/store';
import { Figure } from './figure';

interface AnswerProps {
  report: Report;
  fault: Fault | null;
  units: Units;
}

export function AnswerSentence({ report, fault, units }: AnswerProps) {
  const { config, saved, step } = report;
  const other = comparedWith(report);
  const chosen = report.checkpoint.plans.find((p) => p.chosen);
  const batch = Number(config['batch']);
  const title = `${subject(report)}, ${formatCount(Number(config['seq']))} tokens: ${formatBytes(saved.bytes, units)} · actmem`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <section class="answer" aria-label="The answer">
      <p class="answer-sentence" data-stale={fault === null ? undefined : ''}>
        <strong>{subject(report)}</strong> at {formatCount(Number(config['seq']))} {plural(Number(config['seq']), 'tokens')}
        {batch > 1 && ` × ${formatCount(batch)} sequences`}
        {report.checkpoint.policy !== 'none' && (
          <>
            , checkpointed by <code>{chosen === undefined ? report.checkpoint.policy : planId(chosen)}</code>,
          </>
        )}{' '}
        keeps <Figure bytes={saved.bytes} units={units} focusable /> for its backward pass
        and peaks at <Figure bytes={activationPeak(step)} units={units} focusable />.{' '}
        {other !== null && (
          <span class="answer-other">
            {other.policy === 'none' ? 'Without checkpointing' : 'With full checkpointing'}: <Figure bytes={other.saved_bytes} units={units} focusable /> kept,{' '}
            <Figure bytes={activationPeak(other)} units={units} focusable /> peak
            {other.recomputed_flops > 0 && `, ${formatPercent(other.recompute_ratio)} of the forward pass computed again`}.
          </span>
        )}
      </p>
      <p class="answer-note">
        Activations of one micro-batch on one GPU. {formatParameters(report.state.parameters)} parameters (<Figure bytes={report.state.parameter_bytes} units={units} />
        ), their gradients (<Figure bytes={report.state.gradient_bytes} units={units} />) and the optimizer’s state come on top.
      </p>
      <p class="answer-stale" role="status">
        {fault !== null && (
          <>
            <span class="fault">{fault.field === '' ? fault.message : `${fault.field}: ${fault.message}`}.</span> Showing the last valid configuration.
          </>
        )}
      </p>
      <Spoken text={`${subject(report)}: ${formatBytes(saved.bytes, units)} kept, ${formatBytes(activationPeak(step), units)} peak.`} />
    </section>
  );
}

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

function subject({ model }: Report): string {
  return model.label === '' || model.label === 'custom' ? `A ${formatParameters(model.parameters)} parameter model` : model.label;
}

/** What the chosen policy is measured against: none, or full if none is chosen. */
export function comparedWith({ checkpoint }: Report): Plan | null {
  const wanted = checkpoint.policy === 'none' ? 'full' : 'none';
  return checkpoint.plans.find((p) => p.policy === wanted && !p.reentrant && !p.chosen) ?? null;
}
