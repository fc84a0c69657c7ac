/* Every rank of a pipeline: its layers, the chunks in flight, what it keeps and its peak. */
import '../styles/ranks.css';
import type { Report, Units } from '../../../wasm/report';
import { ChartFrame } from '../charts/frame';
import { RanksChart } from '../charts/ranks';
import { layRanks, type RankBar } from '../charts/ranks-layout';
import { formatCount } from '../format/bytes';
import { Figure } from './figure';

export function RanksView({ report, units }: { report: Report; units: Units }) {
  const { ranks, worst_rank: worst } = report;
  const planned = ranks.some((rank) => rank.plan !== undefined);
  return (
    <div class="ranks-view">
      <ChartFrame
        name="ranks"
        title="What each rank keeps, and its peak"
        query={report.query}
        units={units}
        table={() => ({ columns: ['Rank', 'Layers', 'Chunks in flight', 'Kept', 'Peak'], rows: layRanks(ranks, worst).map(({ rank, peak }) => [String(rank.rank), formatCount(rank.layers), formatCount(rank.in_flight), { bytes: rank.saved_bytes }, { bytes: peak }]) })}
      >
        <RanksChart ranks={ranks} worst={worst} units={units} />
      </ChartFrame>
      <div class="scroll" role="region" aria-label="Table of ranks" tabIndex={0}>
        <table class="ranks">
          <thead>
            <tr>
              <th scope="col">Rank</th>
              {['Layers', 'Chunks in flight', 'Kept per layer', 'Kept'].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
              <th scope="col" class="number">
                Peak
              </th>
              {planned && <th scope="col">Layers of its plan</th>}
            </tr>
          </thead>
          <tbody>
            {layRanks(ranks, worst).map((bar) => (
              <RankRow key={bar.rank.rank} bar={bar} planned={planned} units={units} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="note">
        One GPU of each rank, from the schedule ({report.config['schedule']}) played micro-batch by micro-batch on its own layers. Kept: over all chunks in flight. Peak: the most activation bytes live at once,
        without parameter gradients; in the bars the solid part is what is kept.
      </p>
    </div>
  );
}

function RankRow({ bar: { rank, peak, worst }, planned, units }: { bar: RankBar; planned: boolean; units: Units }) {
  return (
    <tr data-chosen={worst ? '' : undefined}>
      <th scope="row">
        {rank.rank}
        {rank.has_embedding && <span class="tag">embedding</span>}
        {rank.has_head && <span class="tag">head</span>}
        {worst && <span class="tag tag-strong">highest peak</span>}
      </th>
      <td class="number" data-label="Layers">
        {formatCount(rank.layers)}
      </td>
      <td class="number" data-label="Chunks in flight">
        {formatCount(rank.in_flight)}
      </td>
      <td class="number" data-label="Kept per layer">
        <Figure bytes={rank.layer_bytes} units={units} />
      </td>
      <td class="number" data-label="Kept">
        <Figure bytes={rank.saved_bytes} units={units} />
      </td>
      <td class={worst ? 'number strong' : 'number'} data-label="Peak">
        <Figure bytes={peak} units={units} />
      </td>
      {planned && (
        <td class="ranks-plan" data-label="Layers of its plan">
          {rank.plan}
        </td>
      )}
    </tr>
  );
}
