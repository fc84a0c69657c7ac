/* The same step with shorter and longer sequences: what grows, and what does not. */
import { useMemo } from 'preact/hooks';
import type { Report, Units } from '../../../wasm/report';
import { formatCount } from '../format/bytes';
import { type Question, report as askReport } from '../state/ask';
import { useSearch } from '../state/searched';
import { type Sampled, samplesOf } from '../state/series';
import type { Store } from '../state/store';
import { PartsTable } from '../views/parts';

const LENGTHS = [1024, 2048, 4096, 8192, 16384, 32768];

/** Tokens a sequence: these, and the visitor's own in its place. */
export const lengthsWith = (own: number): number[] => [...new Set([...LENGTHS, own])].sort((p, q) => p - q);

interface Row {
  seq: number;
  sampled?: Sampled | undefined;
}

export function Lengths({ store, report, units }: { store: Store; report: Report; units: Units }) {
  const own = Number(report.config['seq']);
  const question = useMemo((): Question<Row[]> => {
    const lengths = lengthsWith(own);
    const ask = samplesOf(store.tables.fields, askReport, () => lengths.map((seq) => ({ seq: String(seq) })));
    return async (text, signal) => {
      const samples = await ask(text, signal);
      return lengths.map((seq, i) => ({ seq, sampled: samples[i] }));
    };
  }, [store, own]);
  const { found, fault } = useSearch(question, report.query);
  if (fault !== null) return <p class="fault">The other lengths could not be calculated: {fault.message}.</p>;
  const rows: readonly Row[] = found?.answer ?? lengthsWith(own).map((seq) => ({ seq }));
  return (
    <div class="lengths" data-waiting={found === null || found.text === report.query ? undefined : ''}>
      <PartsTable
        what="Sequence"
        caption="The step by sequence length"
        rows={rows.map(({ seq, sampled }) => ({ name: `${formatCount(seq)} tokens`, note: '', sampled, chosen: seq === own }))}
        memory={report.fit?.memory_bytes ?? null}
        units={units}
      />
    </div>
  );
}
