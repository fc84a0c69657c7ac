/* Whether a step fits on the GPU, what it is made of, and what to change: one click each. */
import '../styles/fits.css';
import type { ComponentChild } from 'preact';
import type { Fit, FitChange, FitChangeId, Microseconds, Report, Units } from '../../../wasm/report';
import { layFit } from '../charts/fit-layout';
import { formatBytes, formatCount, formatPercent } from '../format/bytes';
import { policyText } from '../format/policy';
import { stageName, stagesOf } from '../format/subject';
import { formatTime, timeOf } from '../format/time';
import { plural } from '../format/words';
import { type Question, report as askReport } from '../state/ask';
import { narrow } from '../state/media';
import { parseQuery } from '../state/query';
import { useSearch } from '../state/searched';
import type { PageStore } from '../state/page-store';
import type { Answer } from '../state/store';
import { Basis } from './basis';
import { Figure } from './figure';

/** What else would fit, by the core's search, and the time of the step that it is held against. */
interface Found {
  fit: Fit | undefined;
  now: Microseconds | null;
}

const question: Question<Found> = async (text, signal) => {
  const { fit, cost } = await askReport(`${text}&fit=yes`, signal);
  return { fit, now: cost === undefined ? null : timeOf(cost, 'step_time') };
};

interface FitViewProps {
  store: PageStore;
  answer: Answer;
  fit: Fit;
  units: Units;
}

export function FitView({ store, answer: { report, fault, standing }, fit, units }: FitViewProps) {
  const limited = fit.memory_bytes !== null;
  /* Of the query that the report is of; asked once the input has rested. */
  const asked = limited && (fault === null || standing === 'rest' || (standing === 'default' && !fault.waiting)) ? report.query : null;
  const { found, fault: failed, again } = useSearch(question, asked);
  return (
    <div class="fit-columns">
      <div>
        <FitSentence store={store} report={report} fit={fit} units={units} />
        <Basis fit={fit} asUsual={found?.text === report.query ? found.answer.fit?.as_usual : asked !== null && failed === null ? 'sought' : null} units={units} store={store} />
        <FitBar fit={fit} units={units} />
      </div>
      <div class="fit-changes" data-waiting={found?.text === report.query ? undefined : ''}>
        {failed !== null ? (
          <p role="status">
            <span class="fault">The search for what would fit failed: {failed.message}.</span>{' '}
            <button type="button" class="button-quiet" onClick={again}>
              Try again
            </button>
          </p>
        ) : !limited ? null : found === null || (found.answer.fit?.fits ?? null) !== fit.fits ? (
          /* What made the last one fit says nothing about one that does. */
          <p class="fit-title quiet" role="status">
            {fit.fits === true ? 'Searching for what else would fit …' : 'Searching for what would fit …'}
          </p>
        ) : (
          <ChangesView fits={fit.fits === true} changes={found.answer.fit?.changes ?? []} now={found.answer.now} within={withinOf(report, units)} current={found.text === report.query} store={store} units={units} />
        )}
      </div>
    </div>
  );
}

/* Where a plan is sought below a size of its own, that ends first what else would fit. */
const withinOf = ({ checkpoint: { policy } }: Report, units: Units): ComponentChild =>
  /^(?:budget|rotor):/.test(policy) ? <span class="fit-within">, within <code>{policyText(policy, units)}</code></span> : null;

interface SentenceProps {
  store: PageStore;
  report: Report;
  fit: Fit;
  units: Units;
}

function FitSentence({ store, report, fit, units }: SentenceProps) {
  const stages = stagesOf(report);
  const on = stages === null ? '' : `, ${stageName(fit.rank, stages)} of ${formatCount(stages)} stages`;
  const total = <Figure bytes={fit.total_bytes} units={units} />;
  if (fit.memory_bytes === null || fit.free_bytes === null) {
    return (
      <p class="fit-line">
        <span>Total on one GPU{on}: {total}.</span> <DevicePicker store={store} report={report} fit={fit} units={units} />
      </p>
    );
  }
  return (
    <>
      <p class="fit-line">
        <strong class={fit.fits === true ? 'fit-yes' : 'fit-no'}>{fit.fits === true ? 'Fits on' : 'Does not fit on'}</strong> <DevicePicker store={store} report={report} fit={fit} units={units} />
      </p>
      <p class="fit-sum">
        Needs {total} of <Figure bytes={fit.memory_bytes} units={units} />{on}:{' '}
        <b class={fit.fits === true ? 'fit-yes' : 'fit-no'}>
          <Figure bytes={Math.abs(fit.free_bytes)} units={units} /> {fit.free_bytes < 0 ? 'short' : 'free'}
        </b>
        {fit.reserve_bytes > 0 ? <> with {formatBytes(fit.reserve_bytes, units)} reserved</> : <span class="quiet">, before the CUDA context and fragmentation</span>}.
      </p>
    </>
  );
}

/* The last is described by the inputs beside it. */
const OWN = 'mine';
const RESERVES = ['1GiB', '2GiB', '4GiB', '8GiB'];

/** Which GPU is meant, where its answer stands. A memory of the visitor's own is not the device's. */
function DevicePicker({ store, report, fit, units }: SentenceProps) {
  const { devices } = store.tables;
  const device = String(report.config['device']);
  const own = fit.memory_bytes !== devices.find((d) => d.id === device)?.memory_bytes;
  const given = String(report.config['reserve']);
  const reserve = given === '0' ? '' : given;
  return (
    <span class="fit-picker">
      <select aria-label="GPU to fit on" value={own ? OWN : device} onChange={(event) => store.choose({ device: event.currentTarget.value, device_memory: null })}>
        {devices.map(({ id, label, memory_bytes: memory }) => (
          <option key={id} value={id}>
            {label}, {formatBytes(memory, units)}
          </option>
        ))}
        {own && (
          <option value={OWN}>
            {fit.memory_bytes === null ? 'custom GPU' : `custom GPU, ${formatBytes(fit.memory_bytes, units)}`}
          </option>
        )}
      </select>
      <select aria-label="Reserved memory" value={reserve} onChange={(event) => store.choose({ reserve: event.currentTarget.value })}>
        <option value="">nothing reserved</option>
        {[...RESERVES, ...(reserve === '' || RESERVES.includes(reserve) ? [] : [reserve])].map((size) => (
          <option key={size} value={size}>
            {size.replace(/(?=[A-Z])/, '\u00a0')} reserved
          </option>
        ))}
      </select>
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
        height="34"
        role="img"
        aria-label={`${segments.map(({ name, bytes }) => `${name} ${formatBytes(bytes, units)}`).join(', ')}; total ${formatBytes(fit.total_bytes, units)}${fit.memory_bytes === null ? '' : ` of ${formatBytes(fit.memory_bytes, units)}`}.`}
      >
        <rect class="fit-room" x="0" y="18" width="100%" height="14" />
        {segments.map((s) => (
          <rect key={s.name} class={`fit-part fit-tint-${s.tint}`} x={`${s.x}%`} y="18" width={`${s.width}%`} height="14" />
        ))}
        {limit !== null && fit.memory_bytes !== null && (
          <>
            <rect class="fit-limit" x={`${Math.min(limit, 99.8)}%`} y="4" width="2" height="30" />
            <text class="fit-limit-text" x={`${limit}%`} y="13" dx={limit > 50 ? -5 : 7} text-anchor={limit > 50 ? 'end' : 'start'}>
              {formatBytes(Math.max(0, fit.memory_bytes - fit.reserve_bytes), units)}
            </text>
          </>
        )}
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

interface ChangesProps {
  fits: boolean;
  changes: readonly FitChange[];
  /** Of the step that they change. */
  now: Microseconds | null;
  /** What holds the activations beside the GPU's memory: ", within budget:20.0 GiB"; or nothing. */
  within: ComponentChild;
  /** Of the page as it stands: answers to the last question open nothing. */
  current: boolean;
  store: PageStore;
  units: Units;
}

/** What makes it fit, cheapest first; or what it leaves room for. Each a click away. */
function ChangesView({ fits, changes, now, within, current, store, units }: ChangesProps) {
  if (changes.length === 0) {
    return (
      <p class="fit-title quiet" role="status">
        {fits ? <span>It fits as it is; no longer sequence or larger micro-batch would{within}.</span> : 'Nothing that was tried makes it fit: no checkpointing, shorter sequence, 8-bit optimizer, adapters or sharding, nor these together.'}
      </p>
    );
  }
  return (
    <div inert={!current}>
      <h2 class="fit-title">
        {fits ? <span>What else would fit{within}</span> : changes[0]?.id === 'together' ? 'No single change makes it fit; together:' : 'What makes it fit, cheapest first'}
        {!current && <span class="fit-updating">updating …</span>}
      </h2>
      <ul>
        {changes.slice(0, narrow.value ? FEW : MOST).map((change, i) => (
          <li key={change.query} data-first={!fits && i === 0 ? '' : undefined}>
            <button type="button" class={!fits && i === 0 ? 'button' : 'button-line'} aria-label={`Apply: ${changeText(change, units)}`} onClick={() => store.go(change.query)}>
              Apply
            </button>
            <span class="fit-change">
              {changeText(change, units)}
              <span class="fit-more" title={change.proven_note}>{change.proven === false ? ': not proven to be the fastest' : NOTES[change.id]}</span>
            </span>
            <span class="fit-cost">{change.same_training && now !== null ? costText(change.step_time_us, now) : ''}</span>
            <span class="fit-left">
              <Figure bytes={change.total_bytes} units={units} />
              <span class="fit-more">{formatBytes(change.free_bytes, units)} free</span>
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/* More would bury the first. */
const MOST = 5;
const FEW = 3;

const NOTES: Partial<Record<FitChangeId, string>> = {
  liger: ': fused kernels, same training',
  loss: ': the full logits are never materialised',
  gpus: ': the same micro-batch on each; communication is not counted',
  optimizer: ': quantised optimizer states',
  lora: ' instead of the weights',
};

/** "Checkpoint with save:half-matmuls", "4,715 tokens per sequence" */
export function changeText({ id, set }: FitChange, units: Units): string {
  const inputs = parseQuery(set);
  const count = (key: string): number => Number(inputs.get(key) ?? 1);
  const policy = policyText(inputs.get('checkpoint') ?? '', units);
  const shared = `${sizes(inputs)}${inputs.has('zero') ? `, ZeRO ${inputs.get('zero')}` : ''}`;
  switch (id) {
    case 'plan':
      return `Checkpoint with the fastest plan, peak ${policy.replace('budget:', '≤\u00a0').replace(/(?<=\d)(?=[KMGT])/, '\u00a0')}`;
    case 'policy':
      return `Checkpoint with ${policy}`;
    case 'liger':
      return 'Patch the model with Liger-Kernel';
    case 'loss':
      return 'Use Cut Cross-Entropy for the loss';
    case 'gpus':
      return `Shard over ${shared}`;
    case 'batch':
      return `${formatCount(count('batch'))} ${plural(count('batch'), 'sequences')} per micro-batch`;
    case 'seq':
      return `${formatCount(count('seq'))} tokens per sequence`;
    case 'optimizer':
      return '8-bit AdamW';
    case 'lora':
      return 'Train LoRA adapters';
    default:
      return [
        `Checkpoint with ${policy}`,
        ...(inputs.has('optimizer') ? ['8-bit AdamW'] : []),
        ...(inputs.has('trainable') ? ['LoRA adapters'] : []),
        ...(inputs.has('dp') ? [shared] : []),
      ].join(' + ');
  }
}

/* "3 GPUs", "8 GPUs as ep=8 dp=8": groups other than data-parallel ones by their inputs. */
function sizes(inputs: ReadonlyMap<string, string>): string {
  const groups = ['tp', 'sp', 'cp', 'pp', 'stage_layers', 'ep', 'dp'].filter((key) => inputs.has(key)).map((key) => `${key}=${inputs.get(key)}`);
  return groups.length > 1 ? groups.join(' ') : `${formatCount(Number(inputs.get('dp')))} GPUs`;
}

/** "+44.3 ms per step, +7.5 %" */
function costText(step: Microseconds, now: Microseconds): string {
  const more = step - now;
  if (Math.abs(more) < now * 5e-4) return 'no slower';
  const sign = more < 0 ? '−' : '+';
  return `${sign}${formatTime(Math.abs(more))} per step, ${sign}${formatPercent(Math.abs(more) / now)}`;
}
