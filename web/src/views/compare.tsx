/* This configuration against another: figures side by side, and the difference by component. */
import '../styles/compare.css';
import type { Bytes, Field, Report, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { ChartFrame } from '../charts/frame';
import { Pairs } from '../charts/pairs';
import { formatBytes, formatPercent } from '../format/bytes';
import { formatTime, timeOf } from '../format/time';
import { componentName } from '../format/words';
import { type Changes, changeQuery, parseQuery } from '../state/query';
import type { PageStore } from '../state/page-store';
import type { Fault } from '../state/store';
import { faultText } from '../format/fault';
import { Figure } from './figure';
import { TableHead } from './table-head';

/* What people hold a configuration against. The stack or the model may refuse one: then it is said when it is chosen. */
const USUAL: readonly (readonly [name: string, changes: Changes])[] = [
  ['without checkpointing', { checkpoint: null, reentrant: null }],
  ['with full checkpointing', { checkpoint: 'full', reentrant: null }],
  ['with Liger-Kernel', { stack: 'liger', loss: null }],
  ['with eager attention', { attention: 'eager' }],
  ['with LoRA adapters', { trainable: 'lora' }],
];

interface CompareProps {
  store: PageStore;
  report: Report;
  units: Units;
}

export function Compare({ store, report, units }: CompareProps) {
  const against = store.against.value;
  const other = store.other.value;
  const { fields } = store.tables;
  const usual = USUAL.map(([name, changes]) => [name, changeQuery(report.query, changes, fields)] as const).filter(([, text]) => text !== report.query);
  return (
    <div class="compare">
      <div class="compare-tools" role="group" aria-label="What to compare with">
        <button type="button" class="button-line" onClick={() => store.compare(report.query)}>
          {against === null ? 'Pin this configuration, then change the inputs' : 'Pin this configuration instead'}
        </button>
        {against !== null && (
          <>
            <button type="button" class="button-line" onClick={() => store.swap()}>
              Swap the two
            </button>
            <button type="button" class="button-line" onClick={() => store.compare(null)}>
              Stop comparing
            </button>
          </>
        )}
        <label class="compare-usual">
          Or pin the same configuration
          <select
            value=""
            onChange={(event) => {
              if (event.currentTarget.value !== '') store.compare(event.currentTarget.value);
              event.currentTarget.value = '';
            }}
          >
            <option value="">with …</option>
            {usual.map(([name, text]) => (
              <option key={name} value={text}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {other === null ? (
        <p class="quiet compare-none">Nothing is pinned yet. A pinned configuration is part of the address, so a comparison can be shared as a link.</p>
      ) : isFault(other) ? (
        <p class="compare-none" role="status">
          <span class="fault">{other.message === '' ? 'The pinned configuration cannot be evaluated.' : faultText(other)}</span>
        </p>
      ) : (
        <Both ours={report} theirs={other} fields={fields} units={units} />
      )}
    </div>
  );
}

const isFault = (other: Report | Fault): other is Fault => 'code' in other;

interface BothProps {
  ours: Report;
  theirs: Report;
  fields: readonly Field[];
  units: Units;
}

function Both({ ours, theirs, fields, units }: BothProps) {
  const differing = differences(ours, theirs, fields);
  const figures: [string, Bytes | undefined, Bytes | undefined][] = [
    ['Kept', ours.saved.bytes, theirs.saved.bytes],
    ...componentsOf(ours, theirs),
    ['Activation peak', activationPeak(ours.step), activationPeak(theirs.step)],
    ['Total on one GPU', ours.fit?.total_bytes, theirs.fit?.total_bytes],
  ];
  const times = [ours, theirs].map(({ cost }) => (cost === undefined ? null : timeOf(cost, 'step_time')));
  const [time, otherTime] = times;
  return (
    <div class="compare-both">
      <div>
        <p class="compare-headline">
          <Headline what="kept" of={ours.saved.bytes} from={theirs.saved.bytes} units={units} />, <Headline what="peak" of={activationPeak(ours.step)} from={activationPeak(theirs.step)} units={units} />
          {time != null && otherTime != null && time !== otherTime && (
            <>
              , step time {time < otherTime ? '−' : '+'}
              {formatPercent(Math.abs(time - otherTime) / otherTime)}
            </>
          )}
        </p>
        <p class="compare-inputs">
          {differing.length === 0
            ? 'The two are the same: change an input above to see the difference here.'
            : differing.map(({ label, ours: a, theirs: b }, i) => (
                <span key={label}>
                  {i > 0 && '; '}
                  {label}: <b>{a}</b> against <b>{b}</b>
                </span>
              ))}
        </p>
        <ChartFrame
          name="comparison"
          title="Kept by component, this against the pinned one"
          query={ours.query}
          units={units}
          table={() => ({ columns: ['Component', 'This', 'Pinned'], rows: componentsOf(ours, theirs).map(([name, a, b]) => [name, { bytes: a }, { bytes: b }]) })}
        >
          <Pairs ours={ours} theirs={theirs} units={units} />
        </ChartFrame>
        <p class="key">Solid: this configuration. Hatched: the pinned one.</p>
      </div>
      <div class="scroll" role="region" aria-label="Both configurations" tabIndex={0}>
        <table>
          <TableHead texts={['Figure']} figures={['This', 'Pinned', 'Difference']} />
          <tbody>
            {figures.map(([name, a, b]) =>
              a === undefined || b === undefined ? null : (
                <tr key={name} class={SUMS.has(name) ? 'compare-sum' : undefined}>
                  <th scope="row">{name}</th>
                  <td class="number">
                    <Figure bytes={a} units={units} />
                  </td>
                  <td class="number">
                    <Figure bytes={b} units={units} />
                  </td>
                  <td class="number">
                    <Change of={a - b} from={b} said={(n) => formatBytes(n, units)} />
                  </td>
                </tr>
              ),
            )}
            {time != null && otherTime != null && (
              <tr class="compare-sum">
                <th scope="row">Step time, at least</th>
                <td class="number">{formatTime(time)}</td>
                <td class="number">{formatTime(otherTime)}</td>
                <td class="number">
                  <Change of={time - otherTime} from={otherTime} said={formatTime} />
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </div>
  );
}

const SUMS: ReadonlySet<string> = new Set(['Kept', 'Activation peak', 'Total on one GPU']);

function componentsOf(ours: Report, theirs: Report): [string, Bytes, Bytes][] {
  const of = (report: Report, component: string) => report.components.find((c) => c.component === component)?.bytes ?? 0;
  return [...new Set([...ours.components, ...theirs.components].map((c) => c.component))].map((component) => [componentName(component), of(ours, component), of(theirs, component)]);
}

/** "−3.00 GiB kept (−12 %)" */
function Headline({ what, of, from, units }: { what: string; of: Bytes; from: Bytes; units: Units }) {
  const sign = of < from ? '−' : '+';
  if (of === from) return <>same {what}</>;
  return (
    <>
      <b>
        {sign}
        {formatBytes(Math.abs(of - from), units)} {what}
      </b>
      {from > 0 && ` (${sign}${formatPercent(Math.abs(of - from) / from)})`}
    </>
  );
}

/** "−3.00 GiB" and below it "−12 %"; "none" */
function Change({ of: difference, from, said }: { of: number; from: number; said: (n: number) => string }) {
  if (difference === 0) return <>none</>;
  const sign = difference < 0 ? '−' : '+';
  return (
    <>
      {sign}
      {said(Math.abs(difference))}
      {from > 0 && (
        <span class="rounded">
          {sign}
          {formatPercent(Math.abs(difference) / from)}
        </span>
      )}
    </>
  );
}

/** Inputs that the two queries set to different values, as both came to. */
function differences(ours: Report, theirs: Report, fields: readonly Field[]): { label: string; ours: string; theirs: string }[] {
  const written = new Set([...parseQuery(ours.query).keys(), ...parseQuery(theirs.query).keys()]);
  return fields
    .filter(({ key }) => written.has(key) && String(ours.config[key]) !== String(theirs.config[key]))
    .map(({ key, label }) => ({ label, ours: String(ours.config[key]), theirs: String(theirs.config[key]) }));
}
