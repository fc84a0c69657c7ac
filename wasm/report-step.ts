/* The step in a report: core/report_step.c, core/report_parts.c. */
import type { Bytes, Component } from './terms.js';

export interface Place {
  phase: 'forward' | 'backward' | 'recompute';
  layer: number | null;
  module: string;
  component: Component;
  op: string;
}

/** [phase: 0 forward, 1 backward before recomputing, 2 recomputing, 3 backward; layer or -1; module; op; live bytes] */
export type TimelinePoint = [number, number, number, number, Bytes];

export interface Step {
  after_forward_bytes: Bytes;
  forward_peak_bytes: Bytes;
  backward_peak_bytes: Bytes;
  peak_bytes: Bytes;
  gradient_bytes: Bytes;
  /** Whole parameters beside their shards (zero=3), among the live bytes: behind the forward, and at most. */
  gathered?: { after_forward_bytes: Bytes; peak_bytes: Bytes };
  /** The head and its loss: what both keep, and the most live bytes above what the layers leave, the last norm's among them. */
  head: { loss: string; saved_bytes: Bytes; forward_bytes: Bytes; backward_bytes: Bytes };
  forward_peak_at: Place;
  backward_peak_at: Place;
  peak_at: Place;
  /** What stays for the whole run without being saved: in the live bytes, in no row. Left out where there is none. */
  lasting?: { name: string; bytes: Bytes }[];
  timeline: TimelinePoint[];
  timeline_modules: string[];
  timeline_ops: string[];
  /** With timeline=components: what each point's bytes are of, which are the sum. */
  timeline_parts?: TimelinePart[];
  stations?: Station[];
  /** With it, where a policy is chosen: the same step with none. */
  without_checkpointing?: Pick<Step, 'after_forward_bytes' | 'forward_peak_bytes' | 'backward_peak_bytes' | 'peak_bytes' | 'peak_at' | 'timeline' | 'timeline_modules' | 'timeline_ops'> & Required<Pick<Step, 'timeline_parts' | 'stations'>>;
}

/** Saved tensors by their component; logits that the caller holds; what the forward makes and nothing saves; copies of weights that autocast’s
 *  cache alone holds; what is made again; what was on the host; gradients of activations, with the backward's temporaries; whole parameters that
 *  ranks share out, and their whole gradients; what stays for the whole run. Where layers do different things, a hidden state between two of them
 *  is of the residual stream. */
export type LivePart = Component | 'output' | 'temporary' | 'cached' | 'recomputed' | 'returned' | 'gradient' | 'gathered' | 'reduced' | 'lasting';

export interface TimelinePart {
  part: LivePart;
  /** By autograd, or by a checkpoint. */
  saved: boolean;
  /** At each point of the timeline. */
  bytes: Bytes[];
}

export interface Station {
  station: 'forward_peak' | 'after_forward' | 'backward_peak';
  /** The timeline's; none stands for what is left behind the forward. */
  point?: number;
  at?: Place;
  bytes: Bytes;
  /** Those that are not 0. */
  parts: { part: LivePart; bytes: Bytes }[];
}
