/* What an <activation-memory> shows: the answer in a sentence, one view, a way to the whole calculator. */
import type { ReadonlySignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { ActmemError } from '../../../wasm/actmem';
import type { Report } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { StepBar } from '../charts/bar';
import { Patterns } from '../charts/patterns';
import { Timeline } from '../charts/timeline';
import { InputRow } from '../form/input-row';
import { choosePlan } from '../form/policy-select';
import { exactBytes, formatCount } from '../format/bytes';
import { faultText } from '../format/fault';
import { conditions, stagesOf, subject } from '../format/subject';
import { plural } from '../format/words';
import { scopesOf } from '../state/ledger';
import { formatQuery, parseQuery } from '../state/query';
import { type Answer, ELSEWHERE, type Store } from '../state/store';
import { WorkedExample } from '../views/example';
import { Figure } from '../views/figure';
import { Inspector } from '../views/inspector';
import { LayerPanel, Nothing } from '../views/layer-panel';
import { PlanTable } from '../views/plan-table';
import { Comparison } from './comparison';
import { Frontier, type LoadFrontier } from './frontier';
import { isScheme, type Scheme } from './scheme';
import { INPUTS, isInput, isView, type View, VIEWS } from './views';

/** What the element's attributes say, as written. */
export interface Attributes {
  view: string;
  /** compare: what the second configuration changes of the first. */
  against: string;
  /** Keys of the inputs shown. */
  inputs: string;
  still: boolean;
  /** light, dark, or '' for the page's own. */
  scheme: string;
}

/** What is wrong, and in which attribute or input. */
export interface Wrong {
  where: string;
  message: string;
}

export interface FigureState {
  attributes: ReadonlySignal<Attributes>;
  scheme: ReadonlySignal<Scheme>;
  /** The calculator's address; null if there is none to link to. */
  page: ReadonlySignal<string | null>;
  store: ReadonlySignal<Store | null>;
  /** Why the core did not start. */
  failure: ReadonlySignal<string | null>;
  frontier: LoadFrontier;
  /** Tells the rows of this figure from those of others on the page. */
  prefix: string;
  onChange: (report: Report, view: View) => void;
  onFault: (wrong: Wrong) => void;
}

/** The figure, or what the author wrote while there is none. */
export function WidgetRoot(state: FigureState) {
  const { failure, store } = state;
  if (failure.value !== null) return <Fallback {...state} wrong={{ where: '', message: failure.value }} />;
  return store.value === null ? <slot /> : <Checked {...state} store={store.value} />;
}

type Shown = Omit<FigureState, 'store'>;

/* A bad attribute shows its error in place; what the author wrote stays. */
function Fallback({ wrong, scheme, onFault }: Shown & { wrong: Wrong }) {
  const { where, message } = wrong;
  useEffect(() => onFault(wrong), [where, message]);
  return (
    <>
      <div class="widget widget-wrong" lang="en" data-scheme={scheme.value} role="status">
        <p>
          <code>activation-memory</code> <span class="fault">{where === '' || message.replace(/^'/, '').startsWith(where) ? message : `${where}: ${message}`}.</span>
        </p>
      </div>
      <slot />
    </>
  );
}

function Checked({ store, ...shown }: Shown & { store: Store }) {
  const { view, inputs, against, scheme } = shown.attributes.value;
  const keys = inputs.split(/[\s,]+/).filter((key) => key !== '');
  const strange = keys.find((key) => !isInput(key));
  const answer = store.answer.value;
  const { fault } = answer;
  const waiting = fault?.code === ELSEWHERE && store.failure.value === null;
  const wrong = !isView(view)
    ? { where: 'view', message: `there is no view '${view}'; it is one of ${VIEWS.map(([name]) => name).join(', ')}` }
    : strange !== undefined
      ? { where: 'inputs', message: `a figure has no input '${strange}'; it may have ${INPUTS.join(', ')}` }
      : view === 'compare' && against.trim() === ''
        ? { where: 'against', message: 'the view compare needs it: what the second configuration changes, such as against="checkpoint=full"' }
        : scheme !== '' && !isScheme(scheme)
          ? { where: 'scheme', message: `there is no scheme '${scheme}'; it is light, dark or, left out, the page's own` }
          : fault !== null && answer.standing !== 'last' && !waiting
            ? { where: fault.field, message: fault.message }
            : null;
  if (wrong !== null) return <Fallback {...shown} wrong={wrong} />;
  if ((answer.standing !== 'last' && waiting) || !isView(view)) return <slot />;
  return <Widget {...shown} store={store} answer={answer} view={view} keys={keys} />;
}

interface WidgetProps extends Shown {
  store: Store;
  answer: Answer;
  view: View;
  keys: readonly string[];
}

function Widget({ store, answer, view, keys, ...shown }: WidgetProps) {
  const { report, fault } = answer;
  const { still, against } = shown.attributes.value;
  useEffect(() => {
    if (fault === null) shown.onChange(report, view);
    else shown.onFault({ where: fault.field, message: fault.message });
  }, [report, fault?.message, view]);
  const page = shown.page.value;
  return (
    <div class="widget" lang="en" data-scheme={shown.scheme.value}>
      <Patterns components={store.tables.components} />
      <h2 class="hidden">{VIEWS.find(([name]) => name === view)?.[1]}</h2>
      <p class="widget-answer" data-stale={fault === null ? undefined : ''}>
        <Lead store={store} report={report} />
      </p>
      {!still && keys.length > 0 && (
        <div class="inputs widget-inputs" role="group" aria-label="Inputs">
          <InputRow store={store} answer={answer} keys={keys} />
        </div>
      )}
      <p class="widget-fault" role="status">
        {fault !== null && !keys.includes(fault.field) && <span class="fault">{faultText(fault)}</span>}
      </p>
      <fieldset class="widget-view" disabled={still} data-stale={fault === null ? undefined : ''}>
        <ViewOf store={store} report={report} view={view} against={against} still={still} prefix={shown.prefix} frontier={shown.frontier} />
      </fieldset>
      <p class="widget-foot">
        <span>
          {exactBytes(report.saved.bytes)} kept, {report.provenance.verified_by === 'measured' ? 'by rules measured on PyTorch' : report.provenance.verified_by}
        </span>
        {page !== null && <a href={`${page}#${report.query}`}>Open in actmem</a>}
      </p>
    </div>
  );
}

/* "Llama 3 8B at 2,048 tokens keeps 13.3 GiB for its backward pass and peaks at 14.3 GiB." */
function Lead({ store, report }: { store: Store; report: Report }) {
  const units = store.units.value;
  const { config, saved, step, checkpoint } = report;
  const [seq, batch] = [Number(config['seq']), Number(config['batch'])];
  const stages = stagesOf(report);
  const how = [...conditions(report, store.tables.fields), ...(checkpoint.policy === 'none' ? [] : [`checkpointed by ${checkpoint.policy}`]), ...(stages === null ? [] : [`all ${stages} stages together`])];
  return (
    <>
      <strong>{subject(report, store.tables.fields)}</strong> at {formatCount(seq)} {plural(seq, 'tokens')}
      {batch > 1 && ` × ${formatCount(batch)} sequences`}
      {how.map((text) => `, ${text}`)}
      {how.length > 0 && ','} keeps <Figure bytes={saved.bytes} units={units} focusable /> for its backward pass and peaks at <Figure bytes={activationPeak(step)} units={units} focusable />.
    </>
  );
}

interface ViewProps {
  store: Store;
  report: Report;
  view: View;
  against: string;
  still: boolean;
  prefix: string;
  frontier: LoadFrontier;
}

function ViewOf({ store, report, view, against, still, prefix, frontier }: ViewProps): VNode {
  const units = store.units.value;
  const scopes = useMemo(() => scopesOf(report, prefix), [report]);
  /* Asked on the page's own thread, a few hundredths of a second once the input rests: a worker may not come from another site. */
  const question = useMemo(() => async (text: string) => (await store.needWhole()).evaluate(text), [store]);
  const choose = (plan: Parameters<typeof choosePlan>[1]): void => {
    if (!still) choosePlan(store, plan);
  };
  switch (view) {
    case 'breakdown':
      return <StepBar report={report} scopes={scopes} units={units} />;
    case 'layer':
      return scopes.length === 0 ? (
        <Nothing />
      ) : (
        <>
          <LayerPanel report={report} scopes={scopes} units={units} />
          <Inspector report={report} scopes={scopes} units={units} />
        </>
      );
    case 'example':
      return <WorkedExample report={report} units={units} />;
    case 'checkpoint':
      return <PlanTable report={report} measure="activations" above={null} units={units} onChoose={choose} />;
    case 'frontier':
      return <Frontier load={frontier} question={question} store={store} report={report} near measure="activations" name="Peak of activations" units={units} onChoose={choose} onExcess={() => undefined} />;
    case 'timeline':
      return <Timeline step={report.step} without={store.without.value} units={units} />;
    case 'compare':
      return <CompareView store={store} report={report} against={against} />;
  }
}

function CompareView({ store, report, against }: { store: Store; report: Report; against: string }) {
  const changes = parseQuery(against);
  try {
    const second = store.evaluate(formatQuery(new Map([...parseQuery(report.query), ...changes])));
    const name = [...changes].map(([key, value]) => `${key}=${value}`).join(' ');
    return <Comparison first={report} second={second} names={['as above', name]} units={store.units.value} />;
  } catch (error) {
    if (!(error instanceof ActmemError)) throw error;
    const waiting = error.code === ELSEWHERE;
    if (waiting && store.failure.value === null) return <p class="quiet">Loading the rest of the calculator …</p>;
    return (
      <p>
        <span class="fault">against: {waiting ? store.failure.value : error.message}.</span>
      </p>
    );
  }
}
