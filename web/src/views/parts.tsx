/* Totals on one GPU as a table: what each is made of, whether it fits, and the calculator's page of it. */
import '../styles/parts.css';
import { layFit } from '../charts/fit-layout';
import type { Bytes, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { isSample, type Sampled } from '../state/series';
import { Figure } from './figure';

export interface PartsRow {
  name: string;
  note: string;
  sampled: Sampled | undefined;
  chosen: boolean;
}

interface PartsProps {
  caption: string;
  /** Above the rows' names. */
  what: string;
  rows: readonly PartsRow[];
  memory: Bytes | null;
  units: Units;
}

export function PartsTable({ caption, what, rows, memory, units }: PartsProps) {
  const samples = rows.flatMap(({ sampled }) => (isSample(sampled) ? [sampled] : []));
  const most = Math.max(memory ?? 0, ...samples.map((s) => s.total));
  /* By their tints: what some rows have together, others have apart. */
  const keys = new Map<number, string[]>();
  for (const name of new Set(samples.flatMap((s) => s.by.map((part) => part.name)))) {
    const tint = tintOf(samples, name);
    keys.set(tint, [...(keys.get(tint) ?? []), name].sort((p, q) => p.length - q.length));
  }
  return (
    <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
      <table class="parts">
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{what}</th>
            <th scope="col" class="number">
              Per GPU
            </th>
            <th scope="col">
              Breakdown
            </th>
            <th scope="col">{memory === null ? 'Fits' : `On ${formatBytes(memory, units)}`}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, note, sampled, chosen }) => (
            <tr key={name} data-chosen={chosen ? '' : undefined}>
              <th scope="row">
                {isSample(sampled) ? <a href={`./#${sampled.query}`}>{name}</a> : name}
                {note !== '' && <span class="plan-note">{note}</span>}
              </th>
              {isSample(sampled) ? (
                <>
                  <td class="number">
                    <Figure bytes={sampled.total} units={units} />
                  </td>
                  <td class="parts-bar">
                    <PartsBar sampled={sampled} most={most} memory={memory} units={units} />
                  </td>
                  <td>{sampled.fits === null ? '' : <span class={sampled.fits ? 'fit-yes' : 'fit-no'}>{sampled.fits ? 'fits' : 'does not fit'}</span>}</td>
                </>
              ) : (
                <td colSpan={3} class="quiet">
                  {sampled === undefined ? '' : sampled.refused}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      <ul class="fit-key">
        {[...keys].map(([tint, names]) => (
          <li key={tint}>
            <svg width="10" height="10" aria-hidden="true">
              <rect class={`fit-part fit-tint-${tint}`} width="10" height="10" />
            </svg>{' '}
            {names.join(', or ')}
          </li>
        ))}
      </ul>
    </div>
  );
}

type Samples = readonly Exclude<Sampled, { refused: string }>[];

const laid = ({ by }: Samples[number], most: Bytes, memory: Bytes | null) =>
  layFit({ by, total_bytes: most, memory_bytes: memory, reserve_bytes: 0 });

const tintOf = (samples: Samples, name: string): number => samples.flatMap((s) => laid(s, s.total, null).segments).find((s) => s.name === name)?.tint ?? 0;

function PartsBar({ sampled, most, memory, units }: { sampled: Samples[number]; most: Bytes; memory: Bytes | null; units: Units }) {
  const { segments, limit } = laid(sampled, most, memory);
  return (
    <svg class="fit-bar" width="100%" height="16" role="img" aria-label={segments.map((s) => `${s.name} ${formatBytes(s.bytes, units)}`).join(', ')}>
      {segments.map((s) => (
        <rect key={s.name} class={`fit-part fit-tint-${s.tint}`} x={`${s.x}%`} y="2" width={`${s.width}%`} height="12">
          <title>{`${s.name} ${formatBytes(s.bytes, units)}`}</title>
        </rect>
      ))}
      {limit !== null && <rect class="fit-limit" x={`${Math.min(limit, 99.8)}%`} y="0" width="2" height="16" />}
    </svg>
  );
}

