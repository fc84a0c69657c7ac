/* "Fits on NVIDIA H100 SXM: 76.0 GiB of 80.0 GiB", what it is made of, and what else would fit. */
import { useSignal } from '@preact/signals';
import type { Bytes, Fit, FitAnswer, Report, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { layFit } from '../charts/fit-layout';
import { formatBytes, formatCount } from '../format/bytes';
import { stageName, stagesOf } from '../format/subject';
import { plural } from '../format/words';
import { report as askReport } from '../state/ask';
import { changeQuery } from '../state/query';
import { useSearch } from '../state/searched';
import type { Answer, Store } from '../state/store';
import { Figure } from './figure';

interface FitViewProps {
  store: Store;
  answer: Answer;
  fit: Fit;
  units: Units;
}

export function FitView({ store, answer: { report, fault }, fit, units }: FitViewProps) {
  const open = useSignal(false);
  const own = fit.answers;
  /* Of the last good query; asked once the input has rested. */
  const { found, fault: failed, again } = useSearch(askReport, open.value && own === undefined && fault === null ? `${report.query}&fit=yes` : null);
  const answers = own ?? found?.answer.fit?.answers;
  const current = own !== undefined || found?.text === `${report.query}&fit=yes`;
  return (
    <>
      <p class="fit-line">
        <FitSentence report={report} fit={fit} units={units} />
        {own === undefined && (
          <button type="button" class="button-quiet" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
            What would fit?
          </button>
        )}
      </p>
      <FitBar fit={fit} units={units} />
      {(open.value || own !== undefined) && (
        <div class="fit-answers" data-waiting={current ? undefined : ''} role="status">
          {failed !== null ? (
            <p>
              <span class="fault">What would fit could not be searched: {failed.message}.</span>{' '}
              <button type="button" class="button-quiet" onClick={again}>
                Try again
              </button>
            </p>
          ) : answers === undefined ? (
            <p class="quiet">Searching for what would fit …</p>
          ) : (
            <dl inert={!current}>
              {QUESTIONS.map(({ id, name, value }) => {
                const found = answers[id];
                return found === undefined ? null : <AnswerView key={id} name={name} said={value} answer={found} store={store} units={units} same={samePage(id, found, report, store)} />;
              })}
            </dl>
          )}
        </div>
      )}
    </>
  );
}

function FitSentence({ report, fit, units }: { report: Report; fit: Fit; units: Units }) {
  const stages = stagesOf(report);
  const device = report.cost?.device;
  const on = stages === null ? '' : `, ${stageName(fit.rank, stages)} of ${formatCount(stages)} stages`;
  const total = <Figure bytes={fit.total_bytes} units={units} />;
  if (fit.memory_bytes === null || fit.free_bytes === null) {
    return (
      <span>
        In all {total} on one GPU{on}. Name a GPU or its memory to see whether it fits.
      </span>
    );
  }
  return (
    <span>
      <strong class={fit.fits === true ? 'fit-yes' : 'fit-no'}>
        {/* Another memory than the device's is not that device. */}
        {fit.fits === true ? 'Fits' : 'Does not fit'} on {device?.memory_bytes === fit.memory_bytes ? device.label : 'a GPU'}
      </strong>
      {on}: {total} of <Figure bytes={fit.memory_bytes} units={units} />
      <span class="quiet">
        , {fit.free_bytes < 0 ? (
          <>
            <Figure bytes={-fit.free_bytes} units={units} /> too much
          </>
        ) : (
          <>
            <Figure bytes={fit.free_bytes} units={units} /> free
          </>
        )}
        {fit.reserve_bytes > 0 && <> with {formatBytes(fit.reserve_bytes, units)} reserved</>}
      </span>
    </span>
  );
}

/** The state of a step in full: parameters, master weights, optimizer, gradients; and activations in the accent. */
function FitBar({ fit, units }: { fit: Fit; units: Units }) {
  const { segments, limit } = layFit(fit);
  return (
    <>
      <svg
        class="fit-bar"
        width="100%"
        height="14"
        role="img"
        aria-label={`${segments.map(({ name, bytes }) => `${name} ${formatBytes(bytes, units)}`).join(', ')}; in all ${formatBytes(fit.total_bytes, units)}${fit.memory_bytes === null ? '' : ` of ${formatBytes(fit.memory_bytes, units)}`}.`}
      >
        <rect class="fit-room" x="0" y="2" width="100%" height="10" />
        {segments.map((s) => (
          <rect key={s.name} class={`fit-part fit-tint-${s.tint}`} x={`${s.x}%`} y="2" width={`${s.width}%`} height="10" />
        ))}
        {limit !== null && <rect class="fit-limit" x={`${Math.min(limit, 99.8)}%`} y="0" width="2" height="14" />}
      </svg>
      <ul class="fit-key">
        {segments.map((s) => (
          <li key={s.name}>
            <svg width="10" height="10" aria-hidden="true">
              <rect class={`fit-part fit-tint-${s.tint}`} width="10" height="10" />
            </svg>{' '}
            {s.name} <Figure bytes={s.bytes} units={units} />
          </li>
        ))}
      </ul>
    </>
  );
}

type Id = 'plan' | 'batch' | 'seq' | 'gpus';

const QUESTIONS: readonly { id: Id; name: string; value: (value: number, units: Units) => string }[] = [
  { id: 'plan', name: 'Cheapest checkpointing', value: (bytes, units) => `peak of ${formatBytes(bytes, units)}` },
  { id: 'batch', name: 'Largest micro-batch', value: (n) => `${formatCount(n)} ${plural(n, 'sequences')}` },
  { id: 'seq', name: 'Longest sequence', value: (n) => `${formatCount(n)} ${plural(n, 'tokens')}` },
  { id: 'gpus', name: 'Fewest GPUs', value: (n) => `${formatCount(n)} ${n === 1 ? 'GPU' : 'GPUs'}` },
];

/* The answer's address, without the search that gave it: the page it opens asks for itself. */
const address = (answer: FitAnswer, { pairs, tables }: Store): string => {
  const changes = Object.fromEntries(['fit', 'frontier'].filter((key) => !pairs.value.has(key)).map((key) => [key, null]));
  return changeQuery(answer.query, changes, tables.fields);
};

/* The cheapest plan may be the page's own under another name. */
function samePage(id: Id, answer: FitAnswer, report: Report, store: Store): boolean {
  if (address(answer, store) === report.query) return true;
  return id === 'plan' && answer.total_bytes === report.fit?.total_bytes && answer.value === activationPeak(report.step);
}

/* The same three digits as what fits would say nothing. */
function nextText({ total_bytes: total, refused }: NonNullable<FitAnswer['next']>, fits: Bytes | null, units: Units): string {
  if (total === null) return `would be refused: ${refused}`;
  const text = formatBytes(total, units);
  return fits !== null && text === formatBytes(fits, units) ? 'would be too much' : `would take ${text}`;
}

interface AnswerViewProps {
  name: string;
  said: (value: number, units: Units) => string;
  answer: FitAnswer;
  store: Store;
  units: Units;
  same: boolean;
}

function AnswerView({ name, said, answer, store, units, same }: AnswerViewProps) {
  const { value, tried, total_bytes: total, next } = answer;
  const takes = total === null ? '' : `takes ${formatBytes(total, units)}`;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value === null ? (
          <>
            <b>none</b>
            <span class="fit-more">
              {said(tried, units)} {takes}
            </span>
          </>
        ) : (
          <>
            {same ? <b>{said(value, units)}</b> : <a href={`#${address(answer, store)}`}>{said(value, units)}</a>}
            <span class="fit-more">
              {same ? 'as it is' : takes}
              {next !== undefined && `; ${said(next.value, units)} ${nextText(next, total, units)}`}
            </span>
          </>
        )}
      </dd>
    </div>
  );
}
