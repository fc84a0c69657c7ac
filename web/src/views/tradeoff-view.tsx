/* The trade-off's chart with the exact frontier behind it. */
import type { FunctionComponent } from 'preact';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { FrontierPlan, LayerChoice, Plan, Report, Units } from '../../../wasm/report';
import type { ChartFrameProps } from '../charts/frame';
import { FrontierLine } from '../charts/frontier';
import { againOf } from '../charts/frontier-layout';
import { Tradeoff } from '../charts/tradeoff';
import type { Axis } from '../charts/tradeoff-layout';
import { isTimed, type Measure, measureOf, recomputedOf } from '../charts/tradeoff-measure';
import { formatBytes, formatCount, formatPercent } from '../format/bytes';
import { frontierOf, planText } from '../format/frontier';
import { planId, planName, policyText } from '../format/policy';
import { formatTime, timeOf } from '../format/time';
import type { Question } from '../state/ask';
import { useSearch } from '../state/searched';
import { parseQuery, formatQuery } from '../state/query';
import type { Store } from '../state/store';
import { Figure } from './figure';

export interface TradeoffViewProps {
  /** What stands around the chart. */
  Frame: FunctionComponent<ChartFrameProps>;
  /** Who searches for the frontier; the same function every time. */
  question: Question<Report>;
  store: Store;
  report: Report;
  /** Whether it is in or near the window: else nothing is searched for. */
  near: boolean;
  measure: Measure;
  name: string;
  units: Units;
  onChoose: (plan: Plan) => void;
  /** Told the listed policies with how far they are above the frontier. */
  onExcess: (plans: readonly Plan[] | null) => void;
}

/* What of a query the frontier does not hang on, roughly: it stays in sight while another policy's is on its way. */
const ASIDE = ['checkpoint', 'reentrant', 'units', 'timeline', 'fit', 'frontier'];
const bare = (text: string): string => {
  const pairs = parseQuery(text);
  for (const key of ASIDE) pairs.delete(key);
  return formatQuery(pairs);
};

export function TradeoffView({ Frame, question, store, report, near, measure, name, units, onChoose, onExcess }: TradeoffViewProps) {
  const searched = useSearch(question, near ? `${report.query}&frontier=yes` : null);
  const found = searched.found !== null && bare(searched.found.text) === bare(report.query) ? searched.found.answer : null;
  const plans = found === null ? null : frontierOf(found.checkpoint);
  const known = plans === null || found === null ? null : found.checkpoint.plans;
  /* The times that the axis and the frontier need. */
  useEffect(() => {
    if (near) void store.needWhole().catch(() => undefined);
  }, [near]);
  /* Before it is painted: they stand beside the policies of this report. */
  useLayoutEffect(() => {
    onExcess(known);
  }, [known]);

  const { checkpoint } = report;
  const choices = found?.checkpoint.frontier_choices ?? [];
  /* The frontier is of the peak and of time; without times, and of what is kept, the axis is of FLOPs. */
  const forward = report.cost?.forward_time_us ?? 0;
  const timed = forward > 0 && isTimed(checkpoint.plans, measure);
  const drawn = timed && plans !== null ? plans : null;
  const axis: Axis = timed
    ? { again: (p) => (timeOf(p, 'recomputed_time') ?? 0) / forward, reach: (drawn ?? []).map((p) => ({ again: againOf(p, forward), memory: p.peak_bytes })) }
    : { again: (p) => recomputedOf(p, checkpoint.forward_flops) };
  const said = (plan: Plan): string => {
    if (!timed) return `${formatPercent(recomputedOf(plan, checkpoint.forward_flops))} of the forward pass recomputed`;
    const above = drawn === null ? '' : excessText(known?.find((p) => planId(p) === planId(plan)), units);
    return `${formatTime(timeOf(plan, 'recomputed_time') ?? 0)} recomputed${above === '' ? '' : `; ${above}`}`;
  };
  const budget = /^budget:(\d+)$/.exec(checkpoint.policy)?.[1];
  const choose = (plan: FrontierPlan): void => store.choose({ checkpoint: `budget:${plan.peak_bytes}`, reentrant: 'no' });
  return (
    <>
      <Frame
        name="tradeoff"
        title={`${name} against recomputation`}
        query={report.query}
        units={units}
        table={() => ({ columns: ['Policy', name, 'Recomputed'], rows: checkpoint.plans.map((plan) => [planName(plan, units), { bytes: measureOf(plan, measure) }, said(plan)]) })}
      >
      <Tradeoff
        plans={checkpoint.plans}
        axis={axis}
        axisTitle={timed ? `recomputation, share of the forward pass (${formatTime(forward)})` : 'recomputation, share of the forward pass'}
        said={said}
        measure={measure}
        name={name}
        units={units}
        onChoose={onChoose}
        behind={
          drawn === null
            ? undefined
            : (layout, onOver) => (
                <FrontierLine plans={drawn} choices={choices} forward={forward} layout={layout} units={units} chosen={budget === undefined ? null : Number(budget)} onOver={onOver} onChoose={choose} />
              )
        }
      />
      </Frame>
      <div class="frontier-said" role="status">
        {measure !== 'activations' ? (
          'The exact frontier is of the peak: choose “peak” to see it.'
        ) : searched.fault !== null && found === null ? (
          <>
            <span class="fault">The frontier could not be searched: {searched.fault.message}.</span>{' '}
            <button type="button" class="button-quiet" onClick={searched.again}>
              Try again
            </button>
          </>
        ) : found === null ? (
          'Searching for the exact frontier …'
        ) : plans === null ? (
          `No exact frontier: ${found.checkpoint.frontier_note ?? 'none is searched here'}. The line joins the best of the listed policies.`
        ) : (
          searchText(found, plans.length)
        )}
      </div>
      {plans !== null && measure === 'activations' && <FrontierTable plans={plans} choices={choices} units={units} onChoose={choose} />}
      <PlanLines report={report} units={units} />
      <Switches report={report} units={units} />
    </>
  );
}

/* What to write, or which flags to give, in each framework that can. */
function PlanLines({ report: { checkpoint }, units }: { report: Report; units: Units }) {
  const { lines = [], lines_note: note } = checkpoint;
  if (lines.length === 0) return note === undefined ? null : <p class="note">{note.slice(0, 1).toUpperCase() + note.slice(1)}.</p>;
  return (
    <details class="plan-lines">
      <summary>
        <code>{policyText(checkpoint.policy, units)}</code> in {lines.map(({ framework }) => framework).join(', ')}
      </summary>
      {lines.map(({ framework, text }) => (
        <section key={framework} aria-label={`${policyText(checkpoint.policy, units)} in ${framework}`}>
          <h4>{framework}</h4>
          <pre tabIndex={0}>{text}</pre>
        </section>
      ))}
    </details>
  );
}

/* Beside a budget's plan, which may need a loop of one's own: what the framework's own switches can say. */
function Switches({ report: { checkpoint, ranks }, units }: { report: Report; units: Units }) {
  const { switches } = checkpoint;
  if (switches === undefined) return null;
  const { framework, found, tried, policy, text } = switches;
  const peak = (
    <>
      {switches.ranks === undefined ? 'peak' : 'highest rank'} <Figure bytes={switches.peak_bytes} units={units} />
    </>
  );
  const said = found ? `With the switches of ${framework} alone: ` : `None of the ${formatCount(tried)} plans that the switches of ${framework} can express is below the budget; the lowest: `;
  if (policy === 'none') {
    return (
      <p class="note">
        {said}none is needed, {peak}.
      </p>
    );
  }
  return (
    <details class="plan-switches">
      <summary>
        {said}
        <code>{policyText(policy, units)}</code>, {peak}, {formatTime(timeOf(switches, 'recomputed_time') ?? 0)} of recomputation
      </summary>
      <pre tabIndex={0}>{text}</pre>
      {switches.ranks !== undefined && (
        <p class="quiet">
          Peaks of the {formatCount(ranks.length)} ranks:{' '}
          {switches.ranks.map((rank, i) => (
            <span key={rank.rank}>
              {i > 0 && ', '}
              <Figure bytes={rank.peak_bytes} units={units} />
            </span>
          ))}
        </p>
      )}
    </details>
  );
}

/** "above the frontier by 0.75 GiB or 2.77 ms"; empty where it is not known. */
export function excessText(plan: Plan | undefined, units: Units): string {
  const bytes = plan?.excess_bytes;
  if (plan === undefined || bytes === undefined) return '';
  const time = timeOf(plan, 'excess_time') ?? 0;
  const above = [...(bytes > 0 ? [formatBytes(bytes, units)] : []), ...(time > 0 ? [formatTime(time)] : [])];
  return above.length === 0 ? 'on the frontier' : `above the frontier by ${above.join(' or ')}`;
}

function searchText({ checkpoint }: Report, shown: number): string {
  const search = checkpoint.frontier_search;
  if (search === undefined) return '';
  const doubt = search.proven_note === undefined ? '' : ` Not proven: ${search.proven_note}.`;
  if (checkpoint.frontier.some((plan) => 'ranks' in plan))
    return `Against the highest peak of all ranks, and the recomputation time of all of them: with ${formatCount(search.candidates)} ways for each layer no plans of the ranks lie below the line, of which ${formatCount(shown)} points are marked. A policy's peak is here that of its highest rank.${doubt}`;
  const hull = search.choices < search.undominated ? `, of which the ${formatCount(search.choices)} on the lower hull are combined` : ', all combined';
  return `No plan below the line exists in what was searched: ${formatCount(search.candidates)} ways for a layer to keep or recompute its results, alone or in a region with its neighbours, ${formatCount(search.undominated)} of them beaten by no other${hull} over all layers; ${formatCount(search.plans)} plans are on the line${shown < search.plans ? `, ${formatCount(shown)} of them marked` : ''}.`;
}

interface FrontierTableProps {
  plans: readonly FrontierPlan[];
  choices: readonly LayerChoice[];
  units: Units;
  onChoose: (plan: FrontierPlan) => void;
}

function FrontierTable({ plans, choices, units, onChoose }: FrontierTableProps) {
  const open = useSignal(false);
  return (
    <details class="frontier-table" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>The frontier’s {formatCount(plans.length)} marked plans</summary>
      {open.value && (
        <div class="scroll" role="region" aria-label="The frontier" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col" class="number">
                  Peak
                </th>
                <th scope="col" class="number">
                  Recomputed
                </th>
                <th scope="col">Layers</th>
                <th scope="col">
                  <span class="hidden">Choose</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {plans.map((plan) => (
                <tr key={plan.peak_bytes}>
                  <th scope="row" class="number">
                    <Figure bytes={plan.peak_bytes} units={units} />
                  </th>
                  <td class="number">{formatTime(timeOf(plan, 'recomputed_time') ?? 0)}</td>
                  <td>{planText(plan, choices, Infinity) || 'in more runs than are listed'}</td>
                  <td class="number">
                    <button type="button" class="button-quiet" aria-label={`Choose the plan of ${formatBytes(plan.peak_bytes, units)}`} onClick={() => onChoose(plan)}>
                      Choose
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
