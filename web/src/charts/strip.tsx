/* The strip: a dot a formula, a line for what is kept. Choosing a dot explains it below. */
import { useSignal } from '@preact/signals';
import type { Bytes, Units } from '../../../wasm/report';
import { formatBytes, threeDigits } from '../format/bytes';
import { Drawing } from './drawing';
import { choosable } from './mark';
import { sized } from './sized';
import { type Dot, layStrip, type Said } from './strip-layout';

interface StripProps {
  said: readonly Said[];
  ours: Bytes;
  chosen: string | null;
  units: Units;
  /** "in all", "for one layer" */
  extent: string;
  onChoose: (id: string) => void;
}

export const Strip = sized<StripProps>('strip', ({ said, ours, chosen, units, extent, onChoose, width }) => {
  const over = useSignal<string | null>(null);
  const layout = layStrip(said, chosen, width);
  const { frame } = layout;
  const text = (dot: Said): string => `${dot.formula.name}: ${formatBytes(dot.bytes, units)}, ${threeDigits(dot.ratio)} times what is kept`;
  const shown = layout.dots.find((d) => d.chosen);
  const first = shown ?? layout.dots[0];
  const left = layout.ours > (frame.left + frame.right) / 2;
  return (
    <>
      <p class="strip-readout">{over.value ?? (shown === undefined ? '' : text(shown))}</p>
      <Drawing
        width={width}
        height={layout.height}
        label={`What ${said.length} published formulas say ${extent}, from the lowest to the highest, beside what is kept. The table below has the same figures. Arrow keys go from formula to formula, Enter chooses.`}
        marks=".dot"
      >
        {layout.ticks.map((tick) => (
          <g key={tick.at}>
            <path class="grid" d={`M ${tick.at} ${frame.top} V ${frame.bottom}`} />
            <text class="axis" x={tick.at} y={frame.bottom + 17} text-anchor="middle">
              {tick.text}
            </text>
          </g>
        ))}
        <path class="axis-line" d={`M ${frame.left} ${frame.bottom} H ${frame.right}`} />
        <text class="axis-title" x={frame.right} y={layout.height - 4} text-anchor="end">
          of what is kept
        </text>
        <path class="strip-ours" d={`M ${layout.ours} ${frame.top - 6} V ${frame.bottom}`} />
        <text class="strip-ours-text" x={layout.ours + (left ? -7 : 7)} y={12} text-anchor={left ? 'end' : 'start'}>
          actmem {formatBytes(ours, units)}
        </text>
        {layout.dots.map((dot) => (
          <DotView key={dot.formula.id} dot={dot} text={text(dot)} tabStop={dot.formula.id === first?.formula.id} onOver={(said) => (over.value = said)} onChoose={onChoose} />
        ))}
      </Drawing>
    </>
  );
});

interface DotProps {
  dot: Dot;
  text: string;
  tabStop: boolean;
  onOver: (text: string | null) => void;
  onChoose: (id: string) => void;
}

function DotView({ dot, text, tabStop, onOver, onChoose }: DotProps) {
  const { id } = dot.formula;
  return (
    <g class="dot" data-formula={id} {...choosable({ text, chosen: dot.chosen, tabStop, onOver, onChoose: () => onChoose(id) })}>
      {dot.label !== null && <path class="leader" d={`M ${dot.x} ${dot.y + 5} V ${dot.label.y - 12}`} />}
      <circle class="dot-reach" cx={dot.x} cy={dot.y} r="9" />
      {dot.chosen && <circle class="dot-ring" cx={dot.x} cy={dot.y} r="9" />}
      <circle class="dot-mark" cx={dot.x} cy={dot.y} r="4.5" />
      {dot.label !== null && (
        <text x={dot.label.x} y={dot.label.y} text-anchor={dot.label.anchor}>
          {dot.label.text}
        </text>
      )}
    </g>
  );
}
