/* The page. At phone width one view at a time, under tabs that stick; wider, one below the other. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Patterns } from '../charts/patterns';
import { stagesOf } from '../format/subject';
import { Inputs } from '../form/inputs';
import { choosePlan } from '../form/policy-select';
import { afterwards, sparing } from '../state/afterwards';
import { going, narrow } from '../state/media';
import { scopesOf } from '../state/ledger';
import type { PageStore } from '../state/page-store';
import { AnswerSentence, staleness } from './answer';
import { Breakdown } from './breakdown';
import { Header } from './header';
import { InSteps } from './in-steps';
import { InTurn } from './in-turn';
import { MemoryLine } from './memory-line';
import { ProvenanceLine } from './provenance';
import { Sections, shortAnswer } from './sections';
import { Tabs } from './tabs';

const VIEWS = [
  ['bytes', 'Bytes', 'Where the bytes are'],
  ['tensors', 'Tensors', 'Why: every saved tensor'],
  ['example', 'Example', 'Why: the worked example'],
  ['checkpointing', 'Checkpointing', 'What checkpointing changes'],
  ['step', 'Step', 'Memory over the step'],
  ['ranks', 'Ranks', 'Pipeline ranks'],
  ['fit', 'Fit', 'What fits, and what a step costs'],
  ['state', 'State', 'Parameters, gradients, optimizer'],
  ['compare', 'Compare', 'Compare two configurations'],
  ['formulas', 'Formulas', 'What published formulas say'],
  ['gpu', 'Your GPU', 'Your GPU'],
] as const;
type View = (typeof VIEWS)[number][0];

/* What people come with, a click away: not a word of the form has to be known. */
const EXAMPLES = [
  ['8,192 tokens on one H100', 'model=llama-3-8b&seq=8192'],
  ['LoRA on an RTX 4090', 'model=llama-3-8b&seq=4096&trainable=lora&checkpoint=full&device=rtx-4090'],
  ['70B over 64 GPUs with FSDP', 'model=llama-3-70b&seq=8192&checkpoint=full&dp=64&zero=3'],
  ['GPT-3 175B with TP 8, PP 8', 'model=gpt3-175b&tp=8&sp=yes&pp=8&vpp=3'],
  ['GPT-2 in nanoGPT', 'model=gpt2&batch=8&stack=nanogpt'],
] as const;

const view = signal<View>('bytes');

/* All parts stand in their places: what comes last does not move. */
const laid = signal(false);

/* On a phone the inputs stand a window below it. */
const toAnswer = (): void => scrollTo({ top: 0, behavior: going() });

type Rest = typeof import('./rest');
const rest = signal<Rest | null>(null);
/** Why it could not be loaded. */
const restFault = signal<string | null>(null);

async function loadRest(): Promise<void> {
  restFault.value = null;
  try {
    rest.value = await import('./rest');
  } catch (error) {
    restFault.value = error instanceof Error ? error.message : String(error);
  }
}

export function App({ store }: { store: PageStore }) {
  const answer = store.answer.value;
  const { report, fault } = answer;
  const units = store.units.value;
  const scopes = scopesOf(report);
  const stages = stagesOf(report);
  const other = store.other.value;
  /* Ranks are there where a pipeline is. */
  const views = VIEWS.filter(([id]) => id !== 'ranks' || stages !== null);
  const current = views.some(([id]) => id === view.value) ? view.value : 'bytes';
  useEffect(
    () =>
      afterwards(() => {
        void loadRest();
        if (!sparing()) void store.needWhole().catch(() => undefined);
      }),
    [],
  );
  const below = (draw: (parts: Rest) => ComponentChildren) => (rest.value === null ? <Below /> : draw(rest.value));
  const contents: Record<View, ComponentChildren> = {
    bytes: (
      <>
        <Breakdown report={report} scopes={scopes} units={units} />
        {below((r) => (
          <r.Pictures report={report} scopes={scopes} units={units} />
        ))}
      </>
    ),
    checkpointing: below((r) => <r.Checkpointing store={store} report={report} units={units} onChoose={(plan) => choosePlan(store, plan)} />),
    step: below((r) => <r.StepOverTime report={report} without={store.without.value} units={units} />),
    ranks: below((r) => <r.Ranks store={store} report={report} units={units} />),
    tensors: below((r) => <r.LedgerTable scopes={scopes} units={units} />),
    example: below((r) => <r.WorkedExample report={report} units={units} />),
    compare: below((r) => <r.Compare store={store} report={report} units={units} />),
    state: below((r) => <r.StateTables report={report} units={units} />),
    fit: below((r) => <r.Fit store={store} report={report} units={units} />),
    formulas: below((r) => <r.Formulas store={store} report={report} units={units} />),
    gpu: below((r) => <r.OwnGpu store={store} report={report} units={units} />),
  };
  return (
    <>
      <Patterns components={store.tables.components} />
      <Header store={store} />
      <main>
        <InSteps until={COMING} then={() => (laid.value = true)}>
          <>
            <h1 class="hidden">actmem: activation memory of a training step</h1>
            <AnswerSentence answer={answer} fields={store.tables.fields} units={units} faults={store.faults.value} onChoose={store.choose} />
            <MemoryLine store={store} answer={answer} units={units} />
            {/* In sight wherever one types, as beside the sections of a wider page; and the way back to it in full. */}
            {narrow.value && (
              <button type="button" class="answer-kept" data-stale={staleness(fault)} onClick={toAnswer}>
                {shortAnswer(report, units)}
                <span class="hidden">: back to the answer</span>
              </button>
            )}
          </>
          <Inputs store={store} answer={answer} actions={rest.value === null ? null : <rest.value.Undo store={store} />} />
          <nav class="examples" aria-label="Examples">
            For example:{' '}
            {EXAMPLES.map(([text, query]) => (
              <a key={query} href={`#${query}`} aria-current={query === report.query ? 'true' : undefined} onClick={() => narrow.value && toAnswer()}>
                {text}
              </a>
            ))}
          </nav>
          <>
            <Tabs
              tabs={views.map(([id, label]) => [id, label] as const)}
              value={current}
              onChange={(id: View) => {
                view.value = id;
              }}
            />
            <Sections
              sections={views.map(([id, label]) => [id, label] as const)}
              answer={
                <>
                  {shortAnswer(report, units)}
                  {other !== null && 'saved' in other && <span class="sections-other"> against {shortAnswer(other, units)}</span>}
                </>
              }
            />
            {views.map(([id, , title]) => (
              <section
                key={id}
                id={`view-${id}`}
                class="view"
                data-stale={staleness(fault)}
                data-current={id === current ? '' : undefined}
                role={narrow.value ? 'tabpanel' : undefined}
                aria-labelledby={narrow.value ? `tab-${id}` : `title-${id}`}
              >
                <h2 id={`title-${id}`} tabIndex={-1}>
                  {title}
                  {stages !== null && id !== 'ranks' && id !== 'fit' && <span class="together">all {stages} stages together</span>}
                </h2>
                <InTurn within={`view-${id}`} now={narrow.value && id === current} until={COMING}>
                  {contents[id]}
                </InTurn>
              </section>
            ))}
            {rest.value !== null && <rest.value.Related query={report.query} />}
          </>
        </InSteps>
      </main>
      {laid.value && <ProvenanceLine report={report} />}
    </>
  );
}

/* Holds the room of what is about to be drawn. */
const COMING = <p class="below" />;

function Below() {
  return (
    <p class="below" role="status">
      {restFault.value === null ? (
        'Loading …'
      ) : (
        <>
          <span class="fault">This part could not be loaded: {restFault.value}.</span>{' '}
          <button type="button" class="button-quiet" onClick={() => void loadRest()}>
            Try again
          </button>
        </>
      )}
    </p>
  );
}
