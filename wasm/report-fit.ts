/* What the step takes in all against a GPU’s memory, and what makes it fit: core/report_fit.c; and the document of a map: core/report_map.c. */
import type { Bytes, Microseconds } from './terms.js';

export interface Fit {
  device: string;
  /** Of a pipeline the one whose total is the highest. */
  rank: number;
  /** null where neither a device nor its memory is named. */
  memory_bytes: Bytes | null;
  reserve_bytes: Bytes;
  /** Parameters, master weights, optimizer states; gradients too where they stay. */
  state_bytes: Bytes;
  /** The highest of forward and backward without gradients where those stay; else the step's, gradients among it. */
  activation_peak_bytes: Bytes;
  /** Gradients are there throughout: accumulated, in a buffer of another type, or reduced and shared out. */
  gradients_stay: boolean;
  total_bytes: Bytes;
  /** Below 0: too few. */
  free_bytes: number | null;
  fits: boolean | null;
  /** Their sum is total_bytes. */
  by: { name: string; bytes: Bytes }[];
  /** What is counted beside the activations: "AdamW on bf16 parameters without fp32 master weights, gradients in bf16". */
  basis: string;
  /** What training of such a stack usually holds, and whose does: "Megatron-LM trains" with "master_weights=yes grad_dtype=fp32"; null: as it is. */
  usual: { set: string; who: string } | null;
  /** With fit=yes: the largest micro-batch, the longest sequence, the smallest number of GPUs. */
  answers?: Partial<Record<'plan', FitAnswer>> & Record<'batch' | 'seq', FitAnswer> & Record<'gpus', GpusAnswer>;
  /** With fit=yes: what makes it fit, or what it leaves room for. First what trains the same on the same GPU, by the step's time. */
  changes?: FitChange[];
  /** With fit=yes: what is usual, evaluated; null where it is as usual, or refused. */
  as_usual?: FitChange | null;
}

export type FitChangeId = 'plan' | 'policy' | 'liger' | 'loss' | 'gpus' | 'batch' | 'seq' | 'optimizer' | 'lora' | 'together' | 'usual';

/** A change of the configuration, evaluated. */
export interface FitChange {
  id: FitChangeId;
  /** In words: "fastest plan that fits". */
  what: string;
  /** The inputs that make it, and the text that gives it. */
  set: string;
  query: string;
  /** The same training of the same tokens on the same GPU: the step's time says what it costs. */
  same_training: boolean;
  total_bytes: Bytes;
  free_bytes: number;
  fits: boolean;
  step_time_us: Microseconds;
  recomputed_flops: number;
  /** Of the forward's FLOPs. */
  recompute_ratio: number;
  /** Of the plan: false where a faster one may exist, why, and what none is faster than. */
  proven?: boolean;
  proven_note?: string;
  recomputed_time_us_at_least?: Microseconds;
}

export interface FitAnswer {
  /** null where none fits. */
  value: number | null;
  /** The value, or the one that comes nearest; what it takes; the text that gives it. */
  tried: number;
  total_bytes: Bytes | null;
  query: string;
  /** What stops it: the next one and what that would take, or why it is refused. */
  next?: { value: number; total_bytes: Bytes | null; refused: string };
  /** Of the plan: false where a cheaper one may exist, why, and what none is cheaper than. */
  proven?: boolean;
  proven_note?: string;
  recomputed_time_us_at_least?: Microseconds;
}

/** The smallest number of GPUs: `query` says how they are arranged. */
export interface GpusAnswer extends FitAnswer {
  /** What was looked at: of each input the values, sp as 0 and 1; data-parallel ranks in any number. */
  searched: { dp: 'any' } & Partial<Record<'tp' | 'sp' | 'cp' | 'pp' | 'ep' | 'zero', number[]>>;
  /** What stayed as given. */
  held: string[];
  /** false: the search ended before all of it was looked at, and fewer GPUs may do. */
  complete: boolean;
}

/** Totals over micro-batch and sequence length. */
export interface FitMap {
  version: 1;
  actmem: string;
  query: string;
  memory_bytes: Bytes | null;
  reserve_bytes: Bytes;
  /** What stands beside the activations, and what would be usual: as in Fit. */
  basis: string;
  usual: { set: string; who: string } | null;
  batch: number[];
  seq: number[];
  /** By length, then micro-batch; null where the run is refused. */
  total_bytes: (Bytes | null)[][];
  /** Configurations that were evaluated for it. */
  evaluations: number;
}
