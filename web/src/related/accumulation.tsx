/* The same batch in one micro-batch, or in many with their gradients added up. */
import { useMemo } from 'preact/hooks';
import { ChartFrame } from '../charts/frame';
import { SeriesChart } from '../charts/series';
import { formatCount } from '../format/bytes';
import { subject } from '../format/subject';
import { formatTime } from '../format/time';
import { plural } from '../format/words';
import { brief } from '../state/ask';
import { useSearch } from '../state/searched';
import { cuts, isSample, samplesOf } from '../state/series';
import { PartsTable } from '../views/parts';
import { type Opening, RelatedFrame, type RelatedPage, Waiting } from './page';
import { accumulationSaid } from './said';
import { CUT, cutsOf, sequencesOf } from './ways';

/* A batch that comes from the calculator is cut as fine as it goes. */
export const opening: Opening = ({ pairs, answer }) => {
  if (pairs.value.has('micro_batches')) return null;
  const batch = Number(answer.value.config['batch']);
  return batch > 1 ? { batch: '1', micro_batches: String(batch) } : CUT;
};

const Accumulation: RelatedPage = ({ store }) => {
  const { report, fault } = store.answer.value;
  const units = store.units.value;
  const question = useMemo(() => samplesOf(store.tables.fields, brief, cutsOf), [store]);
  const { found, fault: failed, again } = useSearch(question, fault === null ? report.query : null);
  const ways = cuts(sequencesOf(found?.text ?? report.query));
  const samples = found?.answer ?? [];
  const memory = report.fit?.memory_bytes ?? null;
  const who = subject(report, store.tables.fields);
  const sequences = sequencesOf(report.query);
  const chosen = Number(report.config['micro_batches']);
  const whole = samples[0];
  const finest = samples.at(-1);
  return (
    <RelatedFrame
      id="accumulation"
      heading="Gradient accumulation"
      inputs={['model', 'batch', 'micro_batches', 'seq', 'checkpoint', 'device']}
      title={`${who}, ${formatCount(sequences)} sequences per step`}
      answer={
        found?.text !== report.query
          ? null
          : isSample(whole) && isSample(finest) && samples.length > 1
            ? accumulationSaid(who, sequences, whole.total, ways.at(-1)?.[1] ?? 1, finest.total)
            : [`${who} with ${formatCount(sequences)} ${plural(sequences, 'sequences')} per step.`]
      }
      store={store}
    >
      {found === null || failed !== null ? (
        <Waiting fault={failed} again={again} />
      ) : (
        <div class="related-body" data-waiting={found.text === report.query ? undefined : ''}>
          <h2>The same {formatCount(sequencesOf(found.text))} sequences, split differently</h2>
          <PartsTable
            caption="Memory by number of micro-batches"
            what="Split into"
            rows={ways.map(([size, count], i) => {
              const sampled = samples[i];
              return {
                name: `${formatCount(count)} ${count === 1 ? 'micro-batch' : 'micro-batches'} of ${formatCount(size)}`,
                note: isSample(sampled) && sampled.step !== null ? `each at least ${formatTime(sampled.step)}` : '',
                sampled,
                chosen: count === chosen,
              };
            })}
            memory={memory}
            units={units}
          />
          {ways.length > 1 && (
            <ChartFrame
              name="accumulation"
              title="Memory by number of micro-batches"
              query={report.query}
              units={units}
              table={() => ({
                columns: ['Micro-batches', 'On one GPU'],
                rows: ways.map(([, count], i) => {
                  const sampled = samples[i];
                  return [formatCount(count), isSample(sampled) ? { bytes: sampled.total } : null];
                }),
              })}
            >
              <SeriesChart
                series={[
                  {
                    name: 'total',
                    points: ways.flatMap(([, at], i) => {
                      const sampled = samples[i];
                      return isSample(sampled) ? [{ at, bytes: sampled.total }] : [];
                    }),
                  },
                ]}
                memory={memory}
                units={units}
                axis="micro-batches"
                title="Memory on one GPU by number of micro-batches"
                chosen={chosen}
              />
            </ChartFrame>
          )}
          <div class="related-text">
            <p>
              Activations are those of one micro-batch: its backward pass frees them before the next forward. So they shrink with its size. Gradients do not: from the second micro-batch on they are
              live from the first operation to the last, whereas a step of one micro-batch allocates them only as its activations are freed. The gain ends where activations no longer outweigh that.
            </p>
            <p>The times are a roofline bound for one micro-batch, forward and backward; small ones may keep a real GPU less busy than that.</p>
          </div>
        </div>
      )}
    </RelatedFrame>
  );
};

export default Accumulation;
