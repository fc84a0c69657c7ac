/* Every measured case beside our figure, as tools/validation.mjs found them when the page was built. */
import '../styles/validation.css';
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Bytes, Units } from '../../../wasm/report';
import { exactBytes, formatCount, formatPercent } from '../format/bytes';
import { Figure } from './figure';
import { Masthead } from './header';
import { InSteps } from './in-steps';

type Figures = (Bytes | null)[];

export interface ValidationData {
  actmem: string;
  figures: string[];
  sets: { name: string; how: string }[];
  /** Set, name, command; what was measured; what actmem says: null where all of it is the same, a text where it refuses. */
  rows: [number, string, string, Figures, Figures | string | null][];
  published: { name: string; source: string; unit: string; measured: number; ours: number; query: string; unknown: string }[];
  not_expressed: { source: string; why: string }[];
}

interface Case {
  /** In the file, which is by set and name. */
  place: number;
  set: number;
  name: string;
  command: string;
  measured: Figures;
  ours: Figures;
  refused: string | null;
  equal: number;
  figures: number;
  /** The largest difference, of what was measured. */
  off: number;
}

/* Of a table that long a phone takes a second; what is not shown is found by the search. */
const AT_FIRST = 40;
const KEPT = 0;
const HIGHEST = 4;
const COLUMNS = [
  ['name', 'Case'],
  ['kept', 'Kept, measured'],
  ['kept-off', 'Kept, actmem'],
  ['highest', 'Highest, measured'],
  ['highest-off', 'Highest, actmem'],
  ['equal', 'Figures equal'],
] as const;
type Column = (typeof COLUMNS)[number][0];

function caseOf([set, name, command, measured, said]: ValidationData['rows'][number], place: number): Case {
  const ours = typeof said === 'string' ? measured.map(() => null) : (said ?? measured);
  const known = measured.map((bytes, i) => [bytes, ours[i] ?? null] as const).filter(([bytes]) => bytes !== null);
  const offs = known.map(([bytes, own]) => (own === null ? 1 : Math.abs(own - (bytes ?? 0)) / Math.max(1, bytes ?? 0)));
  return { place, set, name, command, measured, ours, refused: typeof said === 'string' ? said : null, equal: offs.filter((off) => off === 0).length, figures: known.length, off: Math.max(0, ...offs) };
}

const ORDER: Record<Column, (a: Case, b: Case) => number> = {
  name: (a, b) => a.place - b.place,
  kept: (a, b) => (a.measured[KEPT] ?? -1) - (b.measured[KEPT] ?? -1),
  'kept-off': (a, b) => offOf(a, KEPT) - offOf(b, KEPT),
  highest: (a, b) => (a.measured[HIGHEST] ?? -1) - (b.measured[HIGHEST] ?? -1),
  'highest-off': (a, b) => offOf(a, HIGHEST) - offOf(b, HIGHEST),
  equal: (a, b) => a.equal / a.figures - b.equal / b.figures || a.off - b.off,
};

function offOf({ measured, ours }: Case, i: number): number {
  return Math.abs((ours[i] ?? 0) - (measured[i] ?? 0));
}

export function Validation({ data }: { data: ValidationData }) {
  const units = useSignal<Units>('GiB');
  const search = useSignal('');
  const set = useSignal(-1);
  const wrong = useSignal(false);
  const all = useSignal(false);
  const sort = useSignal<{ column: Column; down: boolean }>({ column: 'name', down: false });
  const cases = useMemo(() => data.rows.map(caseOf), [data]);
  const figures = cases.reduce((sum, c) => sum + c.figures, 0);
  const equal = cases.reduce((sum, c) => sum + c.equal, 0);
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = cases
    .filter((c) => (set.value < 0 || c.set === set.value) && (!wrong.value || c.equal < c.figures) && words.every((w) => `${c.name} ${c.command}`.toLowerCase().includes(w)))
    .sort((a, b) => ORDER[sort.value.column](a, b) * (sort.value.down ? -1 : 1));
  return (
    <>
      <Masthead current="validation" units={units.value} onUnits={(value) => (units.value = value)} />
      <main class="validation">
        <InSteps>
          <>
            <h1>Validation</h1>
            <p class="validation-answer">
              {formatCount(cases.length)} measured cases, {formatCount(figures)} figures: {equal === figures ? 'all equal to the byte.' : `${formatCount(equal)} equal to the byte, ${formatCount(figures - equal)} not.`}
            </p>
            <p class="note">
              The real model code runs in PyTorch on fake CUDA tensors, without a GPU: shapes, dtypes, storages and autograd’s decisions are PyTorch’s own. Kept: every storage that autograd holds after the forward pass.
              Peak: the most live bytes of the step, gradients included. Each case has up to five such figures. actmem {data.actmem} computed its own when this page was built.
            </p>
          </>
          <form class="validation-filter" role="search" onSubmit={(event) => event.preventDefault()}>
            <label>
              Search
              <input type="text" value={search.value} placeholder="gemma eager checkpoint=full" onInput={(event) => (search.value = event.currentTarget.value)} />
            </label>
            <label>
              Set
              <select value={String(set.value)} onChange={(event) => (set.value = Number(event.currentTarget.value))}>
                <option value="-1">all</option>
                {data.sets.map(({ name }, i) => (
                  <option key={name} value={String(i)}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <label class="validation-check">
              <input type="checkbox" checked={wrong.value} onChange={(event) => (wrong.value = event.currentTarget.checked)} /> only what differs
            </label>
            <p class="quiet" role="status">
              {formatCount(shown.length)} of {formatCount(cases.length)} cases
            </p>
          </form>
          <div class="scroll validation-scroll" role="region" aria-label="Measured cases" tabIndex={0}>
            <table class="cases">
              <thead>
                <tr>
                  {COLUMNS.map(([column, label]) => (
                    <th key={column} scope="col" class={column === 'name' ? undefined : 'number'} aria-sort={sort.value.column === column ? (sort.value.down ? 'descending' : 'ascending') : undefined}>
                      <button type="button" class="sort" onClick={() => (sort.value = { column, down: sort.value.column === column && !sort.value.down })}>
                        {label}
                        {sort.value.column === column && <span aria-hidden="true">{sort.value.down ? ' ↓' : ' ↑'}</span>}
                      </button>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {(all.value ? shown : shown.slice(0, AT_FIRST)).map((c) => (
                  <CaseRow key={`${c.set} ${c.name}`} row={c} set={data.sets[c.set]?.name ?? ''} units={units.value} />
                ))}
                {!all.value && shown.length > AT_FIRST && (
                  <tr>
                    <td colSpan={COLUMNS.length}>
                      <button type="button" class="button-quiet" onClick={() => (all.value = true)}>
                        Show the other {formatCount(shown.length - AT_FIRST)}
                      </button>
                    </td>
                  </tr>
                )}
                {shown.length === 0 && (
                  <tr>
                    <td colSpan={COLUMNS.length} class="quiet">
                      {wrong.value && equal === figures ? 'No case differs.' : 'No case of that kind.'}
                    </td>
                  </tr>
                )}
              </tbody>
            </table>
          </div>
          <>
            <h2>Where they come from, and how to repeat them</h2>
            <dl class="validation-sets">
              {data.sets.map(({ name, how }) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{how}</dd>
                </div>
              ))}
            </dl>
            <p class="note">
              <code>make oracle</code> measures them again, from pinned requirements, and compares; <code>make oracle ONLY='gemma'</code> those whose name contains it. The command under a case prints actmem’s own figures.
            </p>
            <h2>What others have measured</h2>
            <p class="note">Public figures that actmem can be asked for, each with what is unknown about it. They prove nothing either way: where the numbers differ, one of the two counts something else.</p>
            <div class="scroll" role="region" aria-label="Public measurements" tabIndex={0}>
              <table>
                <thead>
                  <tr>
                    <th scope="col">What</th>
                    <th scope="col" class="number">
                      Measured
                    </th>
                    <th scope="col" class="number">
                      actmem
                    </th>
                    <th scope="col" class="number">
                      Difference
                    </th>
                    <th scope="col">What is not known</th>
                  </tr>
                </thead>
                <tbody>
                  {data.published.map((p) => (
                    <tr key={p.name}>
                      <th scope="row">
                        <a href={`./#${p.query}`}>{p.name}</a>
                        <span class="plan-note">{p.source}</span>
                      </th>
                      <td class="number">
                        {p.measured} {p.unit}
                      </td>
                      <td class="number">
                        {p.ours} {p.unit}
                      </td>
                      <td class="number">{p.ours === p.measured ? 'none' : `${p.ours > p.measured ? '+' : '−'}${formatPercent(Math.abs(p.ours / p.measured - 1))}`}</td>
                      <td class="why">{p.unknown}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            <h3>Not expressible</h3>
            <ul class="validation-not">
              {data.not_expressed.map(({ source, why }) => (
                <li key={source}>
                  <b>{source}</b>: {why}.
                </li>
              ))}
            </ul>
          </>
        </InSteps>
      </main>
    </>
  );
}

function CaseRow({ row, set, units }: { row: Case; set: string; units: Units }) {
  return (
    <tr data-wrong={row.equal < row.figures ? '' : undefined}>
      <th scope="row">
        {row.name} <span class="tag">{set}</span>
        <code class="command">{row.command}</code>
        {row.refused !== null && <span class="fault">{row.refused}</span>}
      </th>
      <Pair row={row} at={KEPT} units={units} />
      <Pair row={row} at={HIGHEST} units={units} />
      <td class="number" data-label="Figures equal">
        {row.equal} of {row.figures}
      </td>
    </tr>
  );
}

function Pair({ row, at, units }: { row: Case; at: number; units: Units }) {
  const measured = row.measured[at] ?? null;
  const own = row.ours[at] ?? null;
  const what = at === KEPT ? 'Kept' : 'Highest';
  return (
    <>
      <td class="number" data-label={`${what}, measured`}>
        {measured === null ? '–' : <Figure bytes={measured} units={units} />}
      </td>
      <td class="number" data-label={`${what}, actmem`}>
        {measured === null ? '–' : own === measured ? 'equal' : own === null ? 'no answer' : <span class="fault">{`${own > measured ? '+' : '−'}${exactBytes(Math.abs(own - measured))}`}</span>}
      </td>
    </>
  );
}
