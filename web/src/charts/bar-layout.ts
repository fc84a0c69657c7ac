/* The whole step as one bar: components, and beside them their tensors. Heights are shares of the core's sums. */
import { hierarchy, partition } from 'd3-hierarchy';
import type { Bytes, Component, Report } from '../../../wasm/report';
import type { Entry, Scope } from '../state/ledger';
import { scaleLinear } from './scale';

export interface Piece {
  entry: Entry;
  y: number;
  height: number;
}

export interface Block {
  component: Component;
  bytes: Bytes;
  share: number;
  y: number;
  height: number;
  /** Middle of its line in the list beside the bar. */
  lineY: number;
  pieces: Piece[];
}

export interface BarLayout {
  height: number;
  /** Top of what is kept, of the peak, and of what is kept without checkpointing. */
  savedY: number;
  peakY: number;
  withoutY: number | null;
  base: number;
  blocks: Block[];
}

export const LINE = 26;
const HEAD = 6;

/** Highest of the activations alive during the step, gradients of parameters apart. */
export function activationPeak(step: { forward_peak_bytes: Bytes; backward_peak_bytes: Bytes }): Bytes {
  return Math.max(step.forward_peak_bytes, step.backward_peak_bytes);
}

type Node = { entry?: Entry; component?: Component; children?: Node[] };

export function layBar(report: Report, scopes: readonly Scope[], height: number): BarLayout {
  const peak = activationPeak(report.step);
  const none = report.checkpoint.plans.find((p) => p.policy === 'none');
  const without = none !== undefined && !none.chosen ? none.saved_bytes : null;
  const scale = scaleLinear([0, Math.max(report.saved.bytes, peak, without ?? 0, 1)], [height - 4, HEAD]);
  const base = scale(0);
  const savedY = scale(report.saved.bytes);
  const kept = scopes.flatMap((s) => s.entries).filter((e) => e.fate === 'kept');
  const root = hierarchy<Node>({
    children: report.components.map(({ component }) => ({
      component,
      children: kept.filter((e) => e.row.component === component).map((entry) => ({ entry })),
    })),
  }).sum((node) => (node.entry === undefined ? 0 : node.entry.row.bytes * node.entry.row.count));
  const laid = partition<Node>().size([base - savedY, 2])(root);

  const blocks = (laid.children ?? []).flatMap((node, i): Block[] => {
    const part = report.components[i];
    if (part === undefined || node.data.component === undefined) return [];
    return [
      {
        ...part,
        share: report.saved.bytes > 0 ? part.bytes / report.saved.bytes : 0,
        y: savedY + node.x0,
        height: node.x1 - node.x0,
        lineY: 0,
        pieces: (node.children ?? []).flatMap((child) => (child.data.entry === undefined ? [] : [{ entry: child.data.entry, y: savedY + child.x0, height: child.x1 - child.x0 }])),
      },
    ];
  });
  spread(blocks, height);
  return { height, savedY, peakY: scale(peak), withoutY: without === null ? null : scale(without), base, blocks };
}

/* Lines of the list as near to their blocks as fits, in order. */
function spread(blocks: Block[], height: number): void {
  let y = LINE / 2;
  for (const block of blocks) {
    block.lineY = Math.max(y, block.y + block.height / 2);
    y = block.lineY + LINE;
  }
  let limit = height - LINE / 2;
  for (const block of blocks.toReversed()) {
    block.lineY = Math.min(block.lineY, limit);
    limit = block.lineY - LINE;
  }
}
