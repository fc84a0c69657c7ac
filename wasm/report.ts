/* What the core says, as types: the report here, its larger sections and the other documents beside it. core/report.c writes the report;
 * nothing else does. All byte figures are whole numbers. */
import type { Checkpoint } from './report-checkpoint.js';
import type { Cost } from './report-cost.js';
import type { Fit } from './report-fit.js';
import type { Formula } from './report-formulas.js';
import type { Step } from './report-step.js';
import type { SymbolValue } from './tables.js';
import type { Bytes, Component, Value } from './terms.js';

export type * from './terms.js';
export type * from './report-step.js';
export type * from './report-checkpoint.js';
export type * from './report-cost.js';
export type * from './report-fit.js';
export type * from './report-formulas.js';
export type * from './tables.js';
export type * from './toy.js';

export interface Report {
  version: 1;
  actmem: string;
  /** Every input by its key, resolved: whole numbers and ratios as numbers, flags as "yes" or "no". */
  config: Record<string, Value>;
  /** The shortest text that gives this configuration again. */
  query: string;
  model: Model;
  symbols: SymbolValue[];
  saved: Saved;
  /** Saved bytes of the whole model by component; their sum is saved.bytes. */
  components: { component: Component; bytes: Bytes }[];
  /** Every storage that autograd keeps, in order of first saving. */
  rows: Row[];
  /** What the checkpointing policy does not keep and computes again. Empty without checkpointing. */
  dropped: Row[];
  step: Step;
  checkpoint: Checkpoint;
  /** FLOPs and times of the step on a GPU; core.wasm leaves it out. */
  cost?: Cost;
  state: State;
  ranks: Rank[];
  /** What the step takes on one GPU in all, against its memory; core.wasm leaves it out. */
  fit?: Fit;
  /** The one with the highest peak, gradients of parameters apart. */
  worst_rank: number;
  /** What published formulas say of this configuration; core.wasm leaves it out. */
  formulas?: Formula[];
  example: ExampleLine[];
  provenance: Provenance;
}

export interface Model {
  /** Name of the preset; empty if none. */
  name: string;
  label: string;
  source: string;
  family: string;
  layers: number;
  parameters: number;
  trainable_parameters: number;
  published_parameters: number | null;
  parts: Part[];
}

export interface Part {
  component: Component;
  adapter: boolean;
  parameters: number;
  trainable: number;
  bytes: Bytes;
}

export interface Saved {
  bytes: Bytes;
  formula: string;
  layers: LayerKind[];
  shared_bytes: Bytes;
  shared_formula: string;
  outside: { name: string; component: Component; bytes: Bytes; formula: string }[];
  outside_bytes: Bytes;
}

export interface LayerKind {
  kind: string;
  count: number;
  layers_each: number;
  /** Of one, without what all layers share. */
  bytes: Bytes;
  formula: string;
}

export interface Row {
  /** A layer kind's name, "outside" or "shared". */
  scope: string;
  module: string;
  component: Component;
  op: string;
  name: string;
  shape: string;
  shape_values: number[];
  dtype: string;
  bytes: Bytes;
  count: number;
  /** Autocast’s cache holds it, too, until the forward has ended. */
  cached?: boolean;
  formula: string;
  substituted: string;
  why: string;
  /** Autograd nodes and their attribute: "MmBackward0.self". */
  saved_by: string[];
}

export interface State {
  parameters: number;
  trainable_parameters: number;
  parameter_bytes: Bytes;
  gradient_bytes: Bytes;
  conventions: Convention[];
}

export interface Convention {
  id: string;
  name: string;
  source: string;
  /** Bytes a parameter, in all and by purpose; null where parts of the model differ. */
  bytes_per_parameter: number | null;
  weights: number | null;
  master: number | null;
  gradients: number | null;
  optimizer: number | null;
  weights_bytes: Bytes;
  master_bytes: Bytes;
  gradients_bytes: Bytes;
  optimizer_bytes: Bytes;
  bytes: Bytes;
}

/** A chunk of layers on a rank of a pipeline. */
export interface Chunk {
  /** Its place in the model. */
  stage: number;
  first_layer: number;
  layers: number;
  /** Micro-batches of it between forward and backward when the rank holds most chunks. */
  in_flight: number;
}

/** One rank of a pipeline, from the schedule played on its chunks; without a pipeline there is one, with the report's own figures. */
export interface Rank {
  rank: number;
  layers: number;
  /** The most chunks that it holds, until their whole backward or, where that is split, its weights' part has run. */
  in_flight: number;
  /** Likewise, until the input's part has. */
  in_flight_by_input_backward: number;
  layer_bytes: Bytes;
  saved_bytes: Bytes;
  /** The most that is live between forwards and backwards. */
  after_forward_bytes: Bytes;
  /** Gradients of parameters apart. */
  forward_peak_bytes: Bytes;
  backward_peak_bytes: Bytes;
  /** Where gradients start as None and count. */
  peak_bytes: Bytes;
  /** Outputs of the chunks in flight, let go since they have been sent. */
  deallocated_bytes: Bytes;
  parameters: number;
  has_embedding: boolean;
  has_head: boolean;
  chunks: Chunk[];
  /** What a budget's plan does with its layers, with a pipeline: "0-7 every:8, 8-19 none". */
  plan?: string;
  /** By stage, where there are any. */
  stages_alive: Record<string, number>;
}

export interface ExampleLine {
  scope: string;
  name: string;
  /** Absent on sums. */
  component?: Component;
  formula: string;
  substituted: string;
  bytes: Bytes;
  count: number;
}

export interface Provenance {
  stack: string;
  verified_by: string;
  detail: string;
  /** What in this report is derived rather than measured. */
  derived: string[];
  not_counted: string[];
}

/** The answer to bad input. */
export interface ErrorDocument {
  error: { code: string; field: string; message: string };
}
