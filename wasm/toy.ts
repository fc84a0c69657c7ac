/* The document of the toy: core/toy.c. */
import type { Bytes } from './terms.js';

/** core/toy.h: Linear-ReLU-Linear on a few rows, with everything kept and under a checkpoint. */
export interface Toy {
  hidden: number;
  batch: number;
  dtype: string;
  stored: ToyFigures;
  recomputed: ToyFigures;
}

export interface ToyFigures {
  /** Without the input. */
  saved_bytes: Bytes;
  after_forward_bytes: Bytes;
  forward_peak_bytes: Bytes;
  backward_peak_bytes: Bytes;
  peak_bytes: Bytes;
  forward_flops: number;
  recomputed_flops: number;
}
