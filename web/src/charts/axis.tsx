/* A chart's upright axis: its ticks, each with a line across. */
interface AxisProps {
  ticks: readonly { at: number; text: string }[];
  frame: { left: number; right: number };
}

export function YAxis({ ticks, frame }: AxisProps) {
  return (
    <>
      {ticks.map((tick) => (
        <g key={tick.at}>
          <path class="grid" d={`M ${frame.left} ${tick.at} H ${frame.right}`} />
          <text class="axis" x={frame.left - 8} y={tick.at + 4} text-anchor="end">
            {tick.text}
          </text>
        </g>
      ))}
    </>
  );
}
