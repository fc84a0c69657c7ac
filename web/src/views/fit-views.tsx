/* What fits over micro-batch and length, and what a step costs. */
import '../styles/fit.css';
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { ActmemError } from '../../../wasm/actmem';
import type { Report, Units } from '../../../wasm/report';
import { ChartFrame } from '../charts/frame';
import { FitMapChart } from '../charts/fit-map';
import { evenly } from '../charts/fit-map-layout';
import { formatBytes, formatCount, threeDigits } from '../format/bytes';
import { stagesOf } from '../format/subject';
import { map as askMap, patientMap, TooSlow } from '../state/ask';
import { framed } from '../state/frame';
import { useSearch } from '../state/searched';
import type { Store } from '../state/store';
import { Basis } from './basis';
import { TableHead } from './table-head';

interface FitProps {
  store: Store;
  report: Report;
  units: Units;
}

export function FitViews(props: FitProps) {
  return (
    <div class="fit-views">
      <MapView {...props} />
      <Cost {...props} />
    </div>
  );
}

function MapView({ store, report, units }: FitProps) {
  /* The text whose map is waited for however long it takes. */
  const patient = useSignal<string | null>(null);
  const waits = patient.value === report.query;
  const question = useMemo(() => framed(waits ? patientMap : askMap, report.config, store.tables.fields), [waits, report.query]);
  const { found, fault, again } = useSearch(question, report.query);
  if (fault !== null || found === null || (patient.value === report.query && found.text !== report.query)) {
    return (
      <div class="fit-map-wait" role="status">
        {fault === null ? (
          'Evaluating a step at each point of the map …'
        ) : fault instanceof TooSlow ? (
          <>
            <p>A map of this policy takes a minute or more: at each of its 64 × 64 points a plan is searched for.</p>
            <button type="button" class="button-quiet" onClick={() => (patient.value = report.query)}>
              Draw it anyway
            </button>
          </>
        ) : fault instanceof ActmemError ? (
          `No map of this configuration: ${fault.message}.`
        ) : (
          <>
            <span class="fault">The map could not be drawn: {fault.message}.</span>{' '}
            <button type="button" class="button-quiet" onClick={again}>
              Try again
            </button>
          </>
        )}
      </div>
    );
  }
  const current = found.text === report.query;
  const { batch, seq, total_bytes: totals, memory_bytes: memory, reserve_bytes: reserve } = found.answer;
  if (memory === null) return <p class="note">Name a GPU or give its memory (device, device_memory) for a map of what fits.</p>;
  const room = memory - reserve;
  const device = report.cost?.device;
  const stages = stagesOf(report);
  const columns = evenly(batch.length, 7);
  const rows = evenly(seq.length, 9);
  return (
    <div class="fit-map-view" data-waiting={current ? undefined : ''} inert={!current}>
      <h3>
        What fits in {formatBytes(room, units)} <span class="quiet">
          {device === undefined || device.memory_bytes !== memory ? '' : `${device.label}: `}parameters, gradients, optimizer and activations{stages === null ? '' : ' of the rank that needs most'}
        </span>
      </h3>
      {report.fit !== undefined && <Basis fit={report.fit} units={units} store={store} />}
      <ChartFrame
        name="fit-map"
        title={`What fits in ${formatBytes(room, units)}`}
        query={report.query}
        units={units}
        table={() => ({
          columns: ['Tokens', ...columns.map((column) => `${formatCount(batch[column] ?? 0)} ×`)],
          rows: rows.map((row) => [
            formatCount(seq[row] ?? 0),
            ...columns.map((column) => {
              const total = totals[row]?.[column] ?? null;
              return total === null ? null : { bytes: total };
            }),
          ]),
        })}
      >
        <FitMapChart map={found.answer} room={room} batch={Number(report.config['batch'])} seq={Number(report.config['seq'])} units={units} onChoose={(b, s) => store.choose({ batch: String(b), seq: String(s) })} />
      </ChartFrame>
    </div>
  );
}

const timeOf = (us: number): string => (us >= 1e6 ? `${threeDigits(us / 1e6)} s` : us >= 1e3 ? `${threeDigits(us / 1e3)} ms` : `${threeDigits(us)} µs`);
const flopsOf = (flops: number): string => (flops >= 1e15 ? `${threeDigits(flops / 1e15)} PFLOP` : flops >= 1e12 ? `${threeDigits(flops / 1e12)} TFLOP` : `${threeDigits(flops / 1e9)} GFLOP`);
const rateOf = (gflops: number): string => (gflops >= 1e3 ? `${threeDigits(gflops / 1e3)} TFLOP/s` : `${formatCount(gflops)} GFLOP/s`);
const share = (ratio: number): string => `${threeDigits(ratio * 100)} %`;

function Cost({ report }: FitProps) {
  const { cost } = report;
  if (cost === undefined) return null;
  const { device } = cost;
  const rows = [
    ['Forward', cost.forward_flops, cost.forward_time_us],
    ['Backward', cost.backward_flops, cost.backward_time_us],
    ['Recomputation', cost.recomputed_flops, cost.recomputed_time_us],
    ['Whole step', cost.hardware_flops, cost.step_time_us],
  ] as const;
  return (
    <div>
      <h3>
        What a step costs <span class="quiet">{cost.device.label}, by a roofline of each operation{stagesOf(report) !== null && '; all stages together'}</span>
      </h3>
      <div class="scroll" role="region" aria-label="What a step costs" tabIndex={0}>
        <table class="cost">
          <TableHead texts={['Part']} figures={['FLOPs', 'Time']} />
          <tbody>
            {rows.map(([name, flops, time]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number" title={formatCount(flops)}>
                  {flops === 0 ? '–' : flopsOf(flops)}
                </td>
                <td class="number">{time === 0 ? '–' : timeOf(time)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <dl class="cost-rates">
        <dt>Model FLOPs utilisation, at most</dt>
        <dd>{share(cost.mfu)}</dd>
        <dt>Hardware FLOPs utilisation, at most</dt>
        <dd>{share(cost.hfu)}</dd>
        <dt>Share of time bound by memory bandwidth</dt>
        <dd>{share(cost.memory_bound)}</dd>
        <dt>Compute rate, dense {device.dtype}</dt>
        <dd>{rateOf(device.gflops)}</dd>
        <dt>Memory bandwidth</dt>
        <dd>{formatCount(device.bandwidth_mbs / 1e3)} GB/s</dd>
      </dl>
      <p class="note">
        Rates: {device.gflops_from}
        {device.bandwidth_from !== device.gflops_from && `; bandwidth: ${device.bandwidth_from}`}. A lower bound on time: no launch overhead, no communication, no optimizer step, every kernel at these rates. {cost.utilisation_note}
      </p>
    </div>
  );
}
