/* Every model of the table on one GPU. */
import '../styles/validation.css';
import { type Signal, useComputed, useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Preset, Report, Units } from '../../../wasm/report';
import { matching } from '../form/combobox';
import { formatBytes, formatCount, formatParameters } from '../format/bytes';
import { brief } from '../state/ask';
import { changeQuery, choosePreset } from '../state/query';
import { isSample, type Sampled, samplesOf } from '../state/series';
import { Figure } from '../views/figure';
import { RelatedFrame, type RelatedPage, stated } from './page';
import { gpuSaid } from './said';
import { WAYS } from './ways';

const COLUMNS = ['all weights', 'all weights, full checkpointing', 'LoRA adapters', 'LoRA adapters, full checkpointing'];
/* At phone width, beside the figure. */
const SHORT = ['in full', 'checkpointed', 'LoRA', 'both'];
/* As many rows as the window of the table has. */
const FEW = 24;
/* Models answered between two drawings of the table: a few rows are drawn in less time than a frame has. */
const AT_ONCE = 6;
/* Milliseconds without a change. */
const REST = 300;

/** By model, its samples in the order of WAYS; `text` is what they were asked with. */
interface Found {
  text: string;
  samples: ReadonlyMap<string, readonly Sampled[]>;
}

const Gpu: RelatedPage = ({ store }) => {
  const { report, fault } = store.answer.value;
  const { fields, presets, devices } = store.tables;
  const units = store.units.value;
  const found = useSignal<Found>({ text: '', samples: new Map() });
  const failed = useSignal<Error | null>(null);
  /* All but the model is the same for each of them: the sequence length said, since without it a model with fewer positions has as many as those. */
  const text = changeQuery(report.query, { checkpoint: null, reentrant: null, trainable: null, seq: String(report.config['seq']) }, fields);
  const current = useComputed(() => found.value.text).value === text;
  const done = useComputed(() => found.value.samples.size === presets.length).value && current;
  const ordered = useMemo(() => [...presets].sort((p, q) => (p.parameters ?? Infinity) - (q.parameters ?? Infinity)), [presets]);
  const first = useRef(text);
  const rest = useRef(0);
  useEffect(() => {
    if (fault !== null) return undefined;
    const gone = new AbortController();
    const question = samplesOf(fields, brief, () => WAYS.map(([, changes]) => changes));
    const fill = async () => {
      failed.value = null;
      const rows = new Map<string, readonly Sampled[]>();
      for (const preset of ordered) {
        rows.set(preset.name, await question(choosePreset(text, preset.name, fields), gone.signal));
        if (gone.signal.aborted) return;
        if (rows.size % AT_ONCE === 0 || rows.size === ordered.length) found.value = { text, samples: new Map(rows) };
      }
    };
    const timer = setTimeout(() => fill().catch((error: unknown) => (failed.value = error instanceof Error ? error : new Error(String(error)))), rest.current);
    rest.current = REST;
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [text, fault === null]);
  const device = devices.find((d) => d.id === report.config['device']);
  const name = device === undefined ? 'This GPU' : device.label;
  const memory = report.fit?.memory_bytes ?? null;
  const largest = (way: number): Preset | undefined =>
    ordered.findLast((preset) => {
      const sampled = found.peek().samples.get(preset.name)?.[way];
      return preset.parameters !== null && isSample(sampled) && sampled.fits === true;
    });
  return (
    <RelatedFrame
      id="gpu"
      heading="What can this GPU train?"
      inputs={['device', 'seq', 'batch', 'optimizer', 'attention', 'stack']}
      title={name}
      answer={
        done
          ? gpuSaid(name, largest(0), largest(1), largest(3))
          : stated !== '' && text === first.current
            ? null
            : [`${name}${memory === null ? '' : `, ${formatBytes(memory, units)}`}: checking every model …`]
      }
      store={store}
    >
      <div class="related-body" data-waiting={current || found.peek().samples.size === 0 ? undefined : ''}>
        <Models ordered={ordered} found={found} failed={failed} units={units} />
        <About report={report} />
      </div>
    </RelatedFrame>
  );
};

interface ModelsProps {
  ordered: readonly Preset[];
  found: Signal<Found>;
  failed: Signal<Error | null>;
  units: Units;
}

function Models({ ordered, found: { value: { samples: found } }, failed: { value: failed }, units }: ModelsProps) {
  const search = useSignal('');
  const only = useSignal(false);
  const drawn = useRef(new Map<string, { samples: readonly Sampled[] | undefined; units: Units; row: VNode }>());
  /* The row that stands there, unless it says something else now: it is then not gone through again. */
  const rowOf = (preset: Preset): VNode => {
    const samples = found.get(preset.name);
    const last = drawn.current.get(preset.name);
    if (last?.samples === samples && last?.units === units) return last.row;
    const row = <ModelRow key={preset.name} preset={preset} samples={samples} units={units} />;
    drawn.current.set(preset.name, { samples, units, row });
    return row;
  };
  const done = found.size === ordered.length;
  const shown = matching(ordered, search.value).filter((preset) => !only.value || found.get(preset.name)?.some((s) => isSample(s) && s.fits === true));
  /* Until all are answered no more rows than have an answer, or stand in the window. */
  const rows = done ? shown : shown.slice(0, Math.max(FEW, found.size));
  return (
    <>
      <form class="validation-filter" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          Search
          <input type="text" value={search.value} placeholder="qwen" onInput={(event) => (search.value = event.currentTarget.value)} />
        </label>
        <label class="validation-check">
          <input type="checkbox" checked={only.value} onChange={(event) => (only.value = event.currentTarget.checked)} /> only what fits
        </label>
        <p class="quiet" role="status">
          {failed !== null ? <span class="fault">The models could not be evaluated: {failed.message}.</span> : done ? `${formatCount(shown.length)} of ${formatCount(ordered.length)} models` : `${formatCount(found.size)} of ${formatCount(ordered.length)} evaluated`}
        </p>
      </form>
      <div class="scroll related-models" role="region" aria-label="Models on this GPU" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" class="number">
                Parameters
              </th>
              {WAYS.map(([way], i) => (
                <th key={COLUMNS[i]} scope="col" class="number" aria-label={COLUMNS[i]}>
                  {way}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{rows.map(rowOf)}</tbody>
        </table>
      </div>
    </>
  );
}

function About({ report: { config } }: { report: Report }) {
  return (
    <div class="related-text">
      <p>
        The total of a training step on one GPU: parameters, gradients, the optimizer’s states and the peak of activations, for {formatCount(Number(config['batch']))} × {formatCount(Number(config['seq']))} tokens.
        ✓ fits, ✗ does not. –: the model does not accept this sequence length, the chosen stack does not run it, or adapters on its projections are not covered. LoRA: rank {formatCount(Number(config['lora_rank']))} on {String(config['lora_targets'])}{config['lora_targets'] === 'q,v' && ', or on what makes both'}, the base frozen in {String(config['dtype'])}. Nothing is reserved unless the calculator’s “Reserve” says so.
      </p>
    </div>
  );
}

function ModelRow({ preset, samples, units }: { preset: Preset; samples: readonly Sampled[] | undefined; units: Units }) {
  return (
    <tr>
      <th scope="row">{preset.label}</th>
      <td class="number">{preset.parameters === null ? '–' : formatParameters(preset.parameters)}</td>
      {WAYS.map((_, i) => {
        const sampled = samples?.[i];
        if (!isSample(sampled)) {
          return (
            <td key={i} class="number quiet" data-label={SHORT[i]} title={sampled?.refused}>
              {sampled === undefined ? '…' : '–'}
            </td>
          );
        }
        return (
          <td key={i} class="number" data-label={SHORT[i]}>
            <a class={sampled.fits === true ? 'fit-yes' : 'fit-no'} href={`./#${sampled.query}`} aria-label={`${preset.label}, ${COLUMNS[i]}: ${formatBytes(sampled.total, units)}, ${sampled.fits === true ? 'fits' : 'does not fit'}`}>
              {sampled.fits === true ? '✓ ' : '✗ '}
              <Figure bytes={sampled.total} units={units} />
            </a>
          </td>
        );
      })}
    </tr>
  );
}

export default Gpu;
