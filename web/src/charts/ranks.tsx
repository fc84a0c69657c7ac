/* The ranks of a pipeline side by side: what each keeps, solid, and its peak. */
import { useSignal } from '@preact/signals';
import type { Rank, Units } from '../../../wasm/report';
import { formatBytes, formatCount } from '../format/bytes';
import { Drawing } from './drawing';
import { layRanks, type RankBar } from './ranks-layout';
import { sized } from './sized';

const HEIGHT = 190;
const TOP = 22;
const BOTTOM = 30;
const WIDEST = 112;
/* Of a bar and its gap, from which on each has its peak above it. */
const NAMED = 80;

export const RanksChart = sized<{ ranks: readonly Rank[]; worst: number; units: Units }>('ranks-chart', ({ ranks, worst, units, width }) => {
  const over = useSignal<string | null>(null);
  const bars = layRanks(ranks, worst);
  const pitch = Math.min(WIDEST * 1.4, width / Math.max(1, bars.length));
  const bar = pitch / 1.4;
  const room = HEIGHT - TOP - BOTTOM;
  /* As many numbers as have room. */
  const every = Math.ceil(26 / pitch);
  const highest = bars.find((b) => b.worst) ?? bars[0];
  return (
    <>
      <p class="picture-readout">{over.value ?? (highest === undefined ? '' : rankText(highest, units))}</p>
      <Drawing
        width={width}
        height={HEIGHT}
        label={`What each of ${formatCount(bars.length)} ranks keeps, and its peak. The table below has the figures. Arrow keys go from rank to rank.`}
        marks=".rank"
      >
        {bars.map((b, i) => {
          const x = i * pitch;
          const up = (share: number) => (share / 100) * room;
          const text = rankText(b, units);
          return (
            <g
              key={b.rank.rank}
              class="rank"
              role="img"
              tabindex={i === 0 ? 0 : -1}
              aria-label={text}
              onPointerEnter={() => (over.value = text)}
              onPointerLeave={() => (over.value = null)}
              onFocus={() => (over.value = text)}
              onBlur={() => (over.value = null)}
            >
              <rect class="rank-ground" x={x} y={0} width={pitch} height={HEIGHT} />
              <rect class="ranks-peak" x={x} y={TOP + room - up(b.length)} width={bar} height={up(b.length)} />
              <rect class="ranks-kept" x={x} y={TOP + room - up(b.kept)} width={bar} height={up(b.kept)} />
              {(b.worst || pitch >= NAMED) && (
                <text class={b.worst ? 'rank-peak' : 'axis'} x={x} y={TOP + room - up(b.length) - 7}>
                  {b.worst && 'peak '}
                  {formatBytes(b.peak, units)}
                </text>
              )}
              {i % every === 0 && (
                <text class="axis" x={x + bar / 2} y={HEIGHT - BOTTOM + 16} text-anchor="middle">
                  {b.rank.rank}
                </text>
              )}
            </g>
          );
        })}
        <path class="axis-line" d={`M 0 ${TOP + room} H ${bars.length * pitch}`} />
      </Drawing>
    </>
  );
});

/** "rank 3, 10 layers, 5 chunks in flight: keeps 8.25 GiB, peak 9.01 GiB" */
function rankText({ rank, peak }: RankBar, units: Units): string {
  return `rank ${rank.rank}, ${formatCount(rank.layers)} layers, ${formatCount(rank.in_flight)} chunks in flight: keeps ${formatBytes(rank.saved_bytes, units)}, peak ${formatBytes(peak, units)}`;
}
