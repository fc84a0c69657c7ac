/* Memory per GPU by ZeRO stage and number of GPUs. */
import { useMemo } from 'preact/hooks';
import { ChartFrame } from '../charts/frame';
import { SeriesChart } from '../charts/series';
import type { Series } from '../charts/series-layout';
import { formatCount } from '../format/bytes';
import { subject } from '../format/subject';
import { brief } from '../state/ask';
import { type Changes, parseQuery } from '../state/query';
import { useSearch } from '../state/searched';
import { isSample, samplesOf } from '../state/series';
import { PartsTable } from '../views/parts';
import { type Opening, RelatedFrame, type RelatedPage, Waiting } from './page';
import { zeroSaid } from './said';
import { GPUS, STAGES, stagesOn } from './ways';

const NUMBERS = [2, 4, 8, 16, 32, 64, 128, 256];

const gpusOf = (text: string): number => Math.max(2, Number(parseQuery(text).get('dp') ?? GPUS));

/* The stages on as many GPUs as are chosen, then each on every number of them. */
const changesOf = (text: string): Changes[] => [gpusOf(text), ...NUMBERS].flatMap(stagesOn);

export const opening: Opening = ({ pairs }) => (pairs.value.has('dp') ? null : { dp: String(GPUS) });

const Zero: RelatedPage = ({ store }) => {
  const { report, fault } = store.answer.value;
  const units = store.units.value;
  const gpus = Math.max(2, Number(report.config['dp']));
  const question = useMemo(() => samplesOf(store.tables.fields, brief, changesOf), [store]);
  const { found, fault: failed, again } = useSearch(question, fault === null ? report.query : null);
  const samples = found?.answer ?? [];
  const memory = report.fit?.memory_bytes ?? null;
  const now = samples.slice(0, STAGES.length);
  const series: Series[] = STAGES.map(([name], zero) => ({
    name,
    points: NUMBERS.flatMap((at, i) => {
      const sampled = samples[(i + 1) * STAGES.length + zero];
      return isSample(sampled) ? [{ at, bytes: sampled.total }] : [];
    }),
  }));
  const who = subject(report, store.tables.fields);
  const [plain, , , sharded] = now;
  return (
    <RelatedFrame
      id="zero"
      heading="Memory per GPU with ZeRO and FSDP"
      inputs={['model', 'dp', 'seq', 'batch', 'checkpoint', 'device']}
      title={`${who} on ${formatCount(gpus)} GPUs`}
      answer={
        found?.text !== report.query ? null : isSample(plain) && isSample(sharded) ? zeroSaid(who, gpus, plain.total, sharded.total) : [`${who} on ${formatCount(gpus)} GPUs.`]
      }
      store={store}
    >
      {found === null || failed !== null ? (
        <Waiting fault={failed} again={again} />
      ) : (
        <div class="related-body" data-waiting={found.text === report.query ? undefined : ''}>
          <h2>On each of {formatCount(gpusOf(found.text))} GPUs</h2>
          <PartsTable what="Sharding" caption="Memory on each GPU by ZeRO stage" rows={STAGES.map(([name, note], i) => ({ name, note, sampled: now[i], chosen: Number(report.config['zero']) === i }))} memory={memory} units={units} />
          <h2>With more GPUs</h2>
          <ChartFrame
            name="zero"
            title="Memory on each GPU by ZeRO stage"
            query={report.query}
            units={units}
            table={() => ({
              columns: ['GPUs', ...STAGES.map(([name]) => name)],
              rows: NUMBERS.map((dp, i) => [
                formatCount(dp),
                ...STAGES.map((_, zero) => {
                  const sampled = samples[(i + 1) * STAGES.length + zero];
                  return isSample(sampled) ? { bytes: sampled.total } : null;
                }),
              ]),
            })}
          >
            <SeriesChart series={series} memory={memory} units={units} axis="GPUs" title="Memory on each GPU by ZeRO stage and number of GPUs" chosen={gpus} />
          </ChartFrame>
          <div class="related-text">
            <p>
              ZeRO shards what every data-parallel GPU would otherwise hold in full. It does nothing for activations: each GPU still runs its own micro-batch and keeps what its backward pass needs. With many GPUs
              activations are nearly all that is left; then checkpointing, a shorter sequence, or tensor and context parallelism help.
            </p>
            <p>
              ZeRO 2 may need more than ZeRO 1 on few GPUs: the first gradient of a GPU’s own part makes DeepSpeed allocate the whole part, while most activations are still kept; ZeRO 1’s gradients come one by one,
              as activations go.
            </p>
            <p>ZeRO 3 frees each layer’s parameters and gathers them again; at the peak a few whole layers are held beside the shards, so memory does not fall to an even share. Buffers of the communication library are not counted.</p>
          </div>
        </div>
      )}
    </RelatedFrame>
  );
};

export default Zero;
