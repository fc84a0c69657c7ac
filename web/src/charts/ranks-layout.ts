/* Every rank of a pipeline as a bar: what it keeps and its peak, shares of the highest peak. */
import type { Bytes, Rank } from '../../../wasm/report';
import { activationPeak } from './bar-layout';

export interface RankBar {
  rank: Rank;
  peak: Bytes;
  /** In hundredths of the longest bar. */
  kept: number;
  length: number;
  worst: boolean;
}

export function layRanks(ranks: readonly Rank[], worst: number): RankBar[] {
  const most = Math.max(1, ...ranks.map(activationPeak));
  return ranks.map((rank) => {
    const peak = activationPeak(rank);
    return { rank, peak, kept: (Math.min(rank.saved_bytes, peak) / most) * 100, length: (peak / most) * 100, worst: rank.rank === worst };
  });
}
