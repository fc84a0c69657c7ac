/* The benchmark of the visitor's GPU: its progress, what it measured, the roofline, and the inputs that stand for it. */
import '../styles/gpu.css';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Whole } from '../../../wasm/actmem';
import { type Measure, MEASURES } from '../../../wasm/gpu';
import type { Report, Toy, Units } from '../../../wasm/report';
import { ChartFrame } from '../charts/frame';
import { Roofline, tableOf } from '../charts/roofline';
import type { Point, Roof } from '../charts/roofline-layout';
import { exactBytes, formatCount, formatPercent, threeDigits } from '../format/bytes';
import { formatTime } from '../format/time';
import { addToHistory, BUDGET, clearHistory, inputsOf, measure, type Outcome, readHistory, type Run } from '../gpu/run';
import { ENDING_TEXTS, MEASURE_NAMES, OMISSION_TEXTS, WITHOUT } from '../gpu/words';
import { changeQuery } from '../state/query';
import type { Store } from '../state/store';
import { Figure } from './figure';

interface ViewProps {
  store: Store;
  whole: Whole;
  report: Report;
  units: Units;
}

const NOTEBOOK_WIDTH = 4096;
const BLOCKS: readonly Measure[] = ['toy', 'mlp', 'attention'];

export function GpuViews({ store, whole, report, units }: ViewProps) {
  const history = useSignal<Run[]>(readHistory());
  const shown = useSignal<Run | null>(history.value[0] ?? null);
  const now = useSignal<{ measure: Measure; share: number } | null>(null);
  const stop = useRef<(() => void) | null>(null);
  const running = useSignal(false);
  useEffect(() => () => stop.current?.(), []);
  const start = () => {
    running.value = true;
    stop.current = measure((run, under) => {
      shown.value = run;
      now.value = under;
      if (run.ending === null) return;
      running.value = false;
      stop.current = null;
      history.value = addToHistory(run);
    });
  };
  const run = shown.value;
  return (
    <div class="gpu">
      <p>
        A benchmark of the GPU that this browser uses: it multiplies matrices, moves memory, and runs an MLP, an attention block and the
        block of many notebooks forward and backward, with everything kept and with a part recomputed. It takes at most{' '}
        {BUDGET / 1000} seconds and 512 MiB of the GPU’s memory, and nothing of it leaves this device.
      </p>
      <div class="gpu-run">
        {running.value ? (
          <button type="button" class="button-quiet" onClick={() => stop.current?.()}>
            Stop
          </button>
        ) : (
          <button type="button" class="button" onClick={start}>
            {run === null ? 'Measure this GPU' : 'Measure again'}
          </button>
        )}
        {running.value && (
          <>
            <progress aria-label="How much is measured" max={1} value={now.value?.share ?? 0} />
            <span class="quiet">{now.value === null ? 'Opening the GPU …' : `${MEASURE_NAMES[now.value.measure]} …`}</span>
          </>
        )}
      </div>
      <div role="status" class="gpu-said">
        {run !== null && run.ending !== null && <Ended run={run} />}
      </div>
      {run !== null && Object.keys(run.results).length > 0 && <Results run={run} store={store} whole={whole} report={report} units={units} />}
      {history.value.length > 0 && !running.value && (
        <History
          runs={history.value}
          shown={run}
          onShow={(chosen) => {
            shown.value = chosen;
          }}
          onClear={() => {
            clearHistory();
            history.value = [];
            shown.value = null;
          }}
        />
      )}
    </div>
  );
}

function Ended({ run }: { run: Run }) {
  const none = run.ending === 'absent' || run.ending === 'no-adapter' || run.ending === 'refused';
  return (
    <>
      <p>
        {run.ending !== null && ENDING_TEXTS[run.ending]} {run.ending === 'refused' && run.detail !== '' && <span class="quiet">{run.detail}</span>}
      </p>
      {none && <p class="note">{WITHOUT}</p>}
    </>
  );
}

function deviceName({ device }: Run): string {
  if (device === null) return 'unknown';
  return device.description || [device.vendor, device.architecture].filter((part) => part !== '').join(' ') || 'a GPU that the browser does not name';
}

function Results({ run, store, whole, report, units }: ViewProps & { run: Run }) {
  const { rates } = run;
  return (
    <>
      <p>
        <strong>{deviceName(run)}</strong>
        {run.device?.software && <span class="fault"> This is a software renderer in place of a GPU: its rates are those of this computer’s processor.</span>}
      </p>
      <Speeds run={run} units={units} />
      <Recomputation run={run} />
      {run.results.toy !== undefined && <ToyBlock outcome={run.results.toy} toy={whole.toy(`hidden=${run.results.toy.stored.size}&batch=8`)} />}
      {rates !== null && <StepHere run={run} store={store} whole={whole} report={report} units={units} />}
      <Omitted run={run} />
    </>
  );
}

function Speeds({ run, units }: { run: Run; units: Units }) {
  const rows = MEASURES.filter((m) => !BLOCKS.includes(m) && run.results[m] !== undefined);
  if (rows.length === 0) return null;
  const clocked = rows.filter((m) => run.results[m]?.stored.timestamps !== 1).length;
  return (
    <div class="scroll" role="region" aria-label="Rates" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Measured</th>
            <th scope="col" class="number">
              Rate
            </th>
            <th scope="col" class="number">
              Time of one
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((m) => {
            const figures = run.results[m]?.stored;
            if (figures === undefined) return null;
            return (
              <tr key={m}>
                <th scope="row">
                  {MEASURE_NAMES[m]} <span class="quiet">{m === 'copy' ? <Figure bytes={figures.size} units={units} /> : m === 'softmax' ? `${formatCount(figures.size)} rows` : `${figures.size} × ${figures.size}`}</span>
                </th>
                <td class="number">
                  <span class="strong">{figures.flops > 0 ? `${threeDigits(figures.gflops)} GFLOP/s` : `${threeDigits(figures.mbs / 1000)} GB/s`}</span>
                  <span class="rounded">{figures.samples} samples</span>
                </td>
                <td class="number">
                  {formatTime(figures.median * 1000)}
                  <span class="rounded">
                    {formatTime(figures.p10 * 1000)} to {formatTime(figures.p90 * 1000)}
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p class="note">
        The median time, below it the middle 80 % of the samples, {clocked === 0 ? 'by the GPU’s timestamps' : clocked === rows.length ? 'by the clock' : 'by the GPU’s timestamps or, where those are not to be had, by the clock'}.
      </p>
    </div>
  );
}

function Recomputation({ run }: { run: Run }) {
  const rows = BLOCKS.flatMap((m) => {
    const outcome = run.results[m];
    return outcome?.recomputed !== undefined && outcome.stored.samples > 0 ? [{ m, stored: outcome.stored, recomputed: outcome.recomputed }] : [];
  });
  if (rows.length === 0) return null;
  return (
    <div class="scroll" role="region" aria-label="What recomputation costs" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Forward and backward</th>
            <th scope="col" class="number">
              All kept
            </th>
            <th scope="col" class="number">
              Recomputed
            </th>
            <th scope="col" class="number">
              Costs here
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ m, stored, recomputed }) => (
            <tr key={m}>
              <th scope="row">
                {MEASURE_NAMES[m]} <span class="quiet">{m === 'toy' ? `${stored.size} wide, batch 8` : `${stored.size} wide, ${stored.size} tokens`}</span>
              </th>
              <td class="number">{formatTime(stored.median * 1000)}</td>
              <td class="number">{formatTime(recomputed.median * 1000)}</td>
              <td class="number">
                <span class="strong">{signedPercent(recomputed.median / stored.median)}</span>
                <span class="rounded">{signedPercent(recomputed.flops / stored.flops)} by FLOPs</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const signedPercent = (ratio: number): string => `${ratio < 1 ? '−' : '+'}${formatPercent(Math.abs(ratio - 1))}`;

/* Saved tensors in GPU buffers, against what the tape says. */
function ToyBlock({ outcome, toy }: { outcome: Outcome; toy: Toy }) {
  const rows: [string, number, number][] = [
    ['Saved for the backward', outcome.stored.saved, toy.stored.saved_bytes],
    ['After the forward, with the loss', outcome.stored.after, toy.stored.after_forward_bytes],
    ['At the forward’s peak', outcome.stored.peak, toy.stored.forward_peak_bytes],
  ];
  if (outcome.recomputed !== undefined) {
    rows.push(['Saved under a checkpoint', outcome.recomputed.saved, toy.recomputed.saved_bytes]);
    rows.push(['At its forward’s peak', outcome.recomputed.peak, toy.recomputed.forward_peak_bytes]);
  }
  return (
    <>
      <h3>
        Linear({toy.hidden}, {toy.hidden}), ReLU, Linear({toy.hidden}, {toy.hidden}), batch {toy.batch}
      </h3>
      <div class="scroll" role="region" aria-label="Bytes of Linear-ReLU-Linear" tabIndex={0}>
        <table class="gpu-toy">
          <thead>
            <tr>
              <th scope="col">Beside input and parameters</th>
              <th scope="col" class="number">
                In GPU buffers
              </th>
              <th scope="col" class="number">
                By the tape
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, got, said]) => (
              <tr key={name} data-measured={got} data-said={said}>
                <th scope="row">{name}</th>
                <td class="number">{got === 0 ? 'nothing' : exactBytes(got)}</td>
                <td class="number">
                  {said === 0 ? 'nothing' : exactBytes(said)}
                  <span class="rounded">{got === said ? 'equal' : <span class="fault">not equal: please report it</span>}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="note">All gradients were compared with a reference on the processor, every element equal; those of the checkpointed run are the same bit by bit.{toy.hidden < NOTEBOOK_WIDTH && ' On a faster GPU it is 4,096 wide, as in the notebooks.'}</p>
    </>
  );
}

function Omitted({ run }: { run: Run }) {
  const rows = MEASURES.flatMap((m) => (run.omitted[m] === undefined ? [] : [{ m, why: run.omitted[m] }]));
  if (rows.length === 0) return null;
  return (
    <ul class="note gpu-omitted">
      {rows.map(({ m, why }) => (
        <li key={m}>
          {MEASURE_NAMES[m]} not measured: {OMISSION_TEXTS[why]}.
        </li>
      ))}
    </ul>
  );
}

/* The configuration's step by the measured rates. */
function StepHere({ run, store, whole, report, units }: ViewProps & { run: Run }) {
  const rates = run.rates;
  if (rates === null) return null;
  const inputs = inputsOf(rates);
  let mine: Report | null = null;
  try {
    mine = whole.evaluate(changeQuery(report.query, inputs, store.tables.fields));
  } catch {
    /* What the report is of now is not answered with another GPU: then there is nothing to show beside it. */
  }
  const cost = mine?.cost;
  const used = Object.entries(inputs).every(([key, value]) => String(report.config[key]) === value);
  const half = rates.gflops !== rates.fp32;
  const roofs: Roof[] = [{ name: 'f32', gflops: rates.fp32, bandwidth: rates.bandwidth }];
  if (half) roofs.push({ name: 'f16', gflops: rates.gflops, bandwidth: rates.bandwidth });
  const measured: Point[] = MEASURES.flatMap((m) => {
    const figures = run.results[m]?.stored;
    return figures === undefined || figures.flops === 0 || figures.samples === 0 ? [] : [{ name: MEASURE_NAMES[m], intensity: figures.flops / figures.bytes, gflops: figures.gflops }];
  });
  const operations: Point[] = (cost?.rows ?? []).flatMap((row) => {
    const flops = row.forward_flops + row.backward_flops;
    const bytes = row.forward_bytes + row.backward_bytes;
    return flops > 0 && bytes > 0 ? [{ name: [row.module, row.kind, row.first && 'first layer'].filter(Boolean).join(', '), intensity: flops / bytes, gflops: null }] : [];
  });
  return (
    <>
      <h3>This step on this GPU</h3>
      {cost !== undefined && (
        <p>
          By a roofline of these rates the step takes {formatTime(cost.step_time_us)}
          {cost.recomputed_time_us > 0 && `, ${formatTime(cost.recomputed_time_us)} of it recomputation`}. The rates are this browser’s: WebGPU has no tensor cores, so CUDA or ROCm on the same GPU multiply faster
          {half ? '' : ', and no f16 was measured: half precision is taken to be as fast as f32'}.
        </p>
      )}
      <p class="gpu-use">
        {used ? (
          <span class="quiet">The inputs use these rates: device=mine.</span>
        ) : (
          <button type="button" class="button" onClick={() => store.choose(inputs)}>
            Use this GPU on the page
          </button>
        )}{' '}
        <button type="button" class="button-quiet" onClick={() => download(run)}>
          Export as JSON
        </button>
      </p>
      <ChartFrame name="roofline" title="Roofline of this GPU" query={report.query} units={units} table={() => tableOf({ roofs, measured, operations })}>
        <Roofline roofs={roofs} measured={measured} operations={operations} />
      </ChartFrame>
    </>
  );
}

function download(run: Run): void {
  const address = URL.createObjectURL(new Blob([`${JSON.stringify(run, null, 2)}\n`], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `actmem-gpu-${run.when.slice(0, 10)}.json`;
  link.click();
  URL.revokeObjectURL(address);
}

function History({ runs, shown, onShow, onClear }: { runs: readonly Run[]; shown: Run | null; onShow: (run: Run) => void; onClear: () => void }) {
  return (
    <details class="gpu-history">
      <summary>Runs on this device: {runs.length}</summary>
      <ul>
        {runs.map((run) => (
          <li key={run.when}>
            <button type="button" class="button-quiet" aria-pressed={run.when === shown?.when} onClick={() => onShow(run)}>
              {new Date(run.when).toLocaleString()}
            </button>{' '}
            <span class="quiet">
              {deviceName(run)}
              {run.rates !== null && `: ${threeDigits(run.rates.fp32)} GFLOP/s in f32, ${threeDigits(run.rates.bandwidth / 1000)} GB/s`}
            </span>
          </li>
        ))}
      </ul>
      <button type="button" class="button-quiet" onClick={onClear}>
        Clear the history
      </button>
    </details>
  );
}
