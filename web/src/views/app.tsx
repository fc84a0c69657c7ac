/* The page. At phone width one view at a time, under tabs that stick; wider, one below the other. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Patterns } from '../charts/patterns';
import { stagesOf } from '../format/subject';
import { Inputs } from '../form/inputs';
import { choosePlan } from '../form/policy-select';
import { narrow } from '../state/media';
import { scopesOf } from '../state/ledger';
import type { Store } from '../state/store';
import { AnswerSentence } from './answer';
import { Breakdown } from './breakdown';
import { Checkpointing } from './checkpointing';
import { WorkedExample } from './example';
import { Fit } from './fit';
import { Formulas } from './formulas';
import { OwnGpu } from './gpu';
import { Header } from './header';
import { LedgerTable } from './ledger-table';
import { MemoryLine } from './memory-line';
import { ProvenanceLine } from './provenance';
import { Ranks } from './ranks';
import { StateTables } from './state-tables';
import { StepOverTime } from './step';
import { Tabs } from './tabs';

const VIEWS = [
  ['bytes', 'Bytes', 'Where the bytes are'],
  ['checkpointing', 'Checkpointing', 'What checkpointing changes'],
  ['step', 'Step', 'Over the step'],
  ['ranks', 'Ranks', 'Every rank of the pipeline'],
  ['tensors', 'Tensors', 'Every saved tensor'],
  ['example', 'Example', 'Worked example'],
  ['state', 'State', 'Beside the activations'],
  ['fit', 'Fit', 'What fits, and what a step costs'],
  ['formulas', 'Formulas', 'What published formulas say'],
  ['gpu', 'Your GPU', 'Your GPU'],
] as const;
type View = (typeof VIEWS)[number][0];

const view = signal<View>('bytes');

export function App({ store }: { store: Store }) {
  const answer = store.answer.value;
  const { report, fault } = answer;
  const units = store.units.value;
  const scopes = scopesOf(report);
  const stages = stagesOf(report);
  /* Ranks are there where a pipeline is. */
  const views = VIEWS.filter(([id]) => id !== 'ranks' || stages !== null);
  const current = views.some(([id]) => id === view.value) ? view.value : 'bytes';
  const contents: Record<View, ComponentChildren> = {
    bytes: <Breakdown report={report} scopes={scopes} units={units} />,
    checkpointing: <Checkpointing store={store} report={report} units={units} onChoose={(plan) => choosePlan(store, plan)} />,
    step: <StepOverTime report={report} without={store.without.value} units={units} />,
    ranks: <Ranks store={store} report={report} units={units} />,
    tensors: <LedgerTable scopes={scopes} units={units} />,
    example: <WorkedExample report={report} units={units} />,
    state: <StateTables report={report} units={units} />,
    fit: <Fit store={store} report={report} units={units} />,
    formulas: <Formulas store={store} report={report} units={units} />,
    gpu: <OwnGpu store={store} report={report} units={units} />,
  };
  return (
    <>
      <Patterns components={store.tables.components} />
      <Header store={store} />
      <main>
        <h1 class="hidden">actmem: activation memory of a training step</h1>
        <AnswerSentence answer={answer} fields={store.tables.fields} units={units} />
        <MemoryLine store={store} answer={answer} units={units} />
        <Inputs store={store} answer={answer} />
        <Tabs
          tabs={views.map(([id, label]) => [id, label] as const)}
          value={current}
          onChange={(id: View) => {
            view.value = id;
          }}
        />
        {views.map(([id, , title]) => (
          <section
            key={id}
            id={`view-${id}`}
            class="view"
            data-stale={fault === null ? undefined : ''}
            data-current={id === current ? '' : undefined}
            role={narrow.value ? 'tabpanel' : undefined}
            aria-labelledby={narrow.value ? `tab-${id}` : `title-${id}`}
          >
            <h2 id={`title-${id}`}>
              {title}
              {stages !== null && id !== 'ranks' && id !== 'fit' && <span class="together">all {stages} stages together</span>}
            </h2>
            {contents[id]}
          </section>
        ))}
      </main>
      <ProvenanceLine report={report} />
    </>
  );
}
