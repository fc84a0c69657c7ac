/* Two configurations component by component, each pair of bars in the same scale. */
import { max, union } from 'd3-array';
import type { Bytes, Component, Report } from '../../../wasm/report';
import { scaleLinear } from './scale';

export interface Pair {
  component: Component;
  /** What this one and the other keep. */
  ours: Bytes;
  theirs: Bytes;
  y: number;
  /** Lengths of their bars. */
  ourWidth: number;
  theirWidth: number;
}

export interface PairLayout {
  pairs: Pair[];
  height: number;
  left: number;
}

export const BAR = 12;
/* From one of the two to the other: as high as the figures beside them need. */
export const NEXT = BAR + 3;
const PITCH = BAR + NEXT + 12;
const LEFT = 122;
const RIGHT = 86;

export function layPairs(ours: Report, theirs: Report, width: number): PairLayout {
  const of = ({ components }: Report, component: Component): Bytes => components.find((c) => c.component === component)?.bytes ?? 0;
  const components = [...union(ours.components.map((c) => c.component), theirs.components.map((c) => c.component))];
  const most = max([ours, theirs].flatMap((r) => r.components.map((c) => c.bytes))) ?? 0;
  const scale = scaleLinear([0, Math.max(1, most)], [0, Math.max(40, width - LEFT - RIGHT)]);
  const pairs = components.map((component, i): Pair => {
    const [a, b] = [of(ours, component), of(theirs, component)];
    return { component, ours: a, theirs: b, y: 4 + i * PITCH, ourWidth: scale(a), theirWidth: scale(b) };
  });
  return { pairs, height: 4 + components.length * PITCH, left: LEFT };
}
