/* Every model of the table on one GPU. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Preset } from '../../../wasm/report';
import { matching } from '../form/combobox';
import { formatBytes, formatCount, formatParameters } from '../format/bytes';
import { report as askReport } from '../state/ask';
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
/* Milliseconds without a change. */
const REST = 300;

const Gpu: RelatedPage = ({ store }) => {
  const { report, fault } = store.answer.value;
  const { fields, presets, devices } = store.tables;
  const units = store.units.value;
  const search = useSignal('');
  const only = useSignal(false);
  const found = useSignal<ReadonlyMap<string, readonly Sampled[]>>(new Map());
  const failed = useSignal<Error | null>(null);
  /* All but the model is the same for each of them. */
  const text = changeQuery(report.query, { checkpoint: null, reentrant: null, trainable: null }, fields);
  const ordered = [...presets].sort((p, q) => (p.parameters ?? Infinity) - (q.parameters ?? Infinity));
  const first = useRef(text);
  useEffect(() => {
    if (fault !== null) return undefined;
    const gone = new AbortController();
    const question = samplesOf(fields, askReport, () => WAYS.map(([, changes]) => changes));
    const fill = async () => {
      failed.value = null;
      const rows = new Map<string, readonly Sampled[]>();
      for (const preset of ordered) {
        rows.set(preset.name, await question(choosePreset(text, preset.name, fields), gone.signal));
        if (gone.signal.aborted) return;
        found.value = new Map(rows);
      }
    };
    const timer = setTimeout(() => fill().catch((error: unknown) => (failed.value = error instanceof Error ? error : new Error(String(error)))), REST);
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
      const sampled = found.value.get(preset.name)?.[way];
      return preset.parameters !== null && isSample(sampled) && sampled.fits === true;
    });
  const done = found.value.size === presets.length;
  const shown = matching(ordered, search.value).filter((preset) => !only.value || found.value.get(preset.name)?.some((s) => isSample(s) && s.fits === true));
  /* Until all are answered no more rows than have an answer, or stand in the window. */
  const rows = done ? shown : shown.slice(0, Math.max(FEW, found.value.size));
  const [full, checkpointed, , both] = WAYS.map((_, way) => largest(way));
  return (
    <RelatedFrame
      id="gpu"
      heading="What can this GPU train?"
      inputs={['device', 'seq', 'batch', 'optimizer', 'attention', 'stack']}
      title={name}
      answer={
        done ? gpuSaid(name, full, checkpointed, both) : stated !== '' && text === first.current ? null : [`${name}${memory === null ? '' : `, ${formatBytes(memory, units)}`}: checking every model …`]
      }
      store={store}
    >
      <div class="related-body">
        <form class="validation-filter" role="search" onSubmit={(event) => event.preventDefault()}>
          <label>
            Search
            <input type="text" value={search.value} placeholder="qwen" onInput={(event) => (search.value = event.currentTarget.value)} />
          </label>
          <label class="validation-check">
            <input type="checkbox" checked={only.value} onChange={(event) => (only.value = event.currentTarget.checked)} /> only what fits
          </label>
          <p class="quiet" role="status">
            {failed.value !== null ? <span class="fault">The models could not be evaluated: {failed.value.message}.</span> : done ? `${formatCount(shown.length)} of ${formatCount(presets.length)} models` : `${formatCount(found.value.size)} of ${formatCount(presets.length)} evaluated`}
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
            <tbody>
              {rows.map((preset) => (
                <ModelRow key={preset.name} preset={preset} samples={found.value.get(preset.name)} units={units} />
              ))}
            </tbody>
          </table>
        </div>
        <div class="related-text">
          <p>
            The total of a training step on one GPU: parameters, gradients, the optimizer’s states and the peak of activations, for {formatCount(Number(report.config['batch']))} × {formatCount(Number(report.config['seq']))} tokens.
            ✓ fits, ✗ does not. –: the model does not accept this sequence length, or the chosen stack does not run it. LoRA: rank {formatCount(Number(report.config['lora_rank']))} on {String(report.config['lora_targets'])}, the base frozen in {String(report.config['dtype'])}. Nothing is reserved unless the calculator’s “Reserve” says so.
          </p>
        </div>
      </div>
    </RelatedFrame>
  );
};

function ModelRow({ preset, samples, units }: { preset: Preset; samples: readonly Sampled[] | undefined; units: Parameters<typeof formatBytes>[1] }) {
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
