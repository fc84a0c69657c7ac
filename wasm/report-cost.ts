/* FLOPs and times in a report: core/report_cost.c. */
import type { Bytes, Component, Microseconds } from './terms.js';

export interface Cost {
  device: {
    id: string;
    label: string;
    /** null for the visitor's own. */
    memory_bytes: Bytes | null;
    /** Of the run's matrix products, whose rate the next is: dense, sums in fp32. */
    dtype: string;
    gflops: number;
    /** The vendor's document, or the input that was given in its place. */
    gflops_from: string;
    fp32_gflops: number | null;
    bandwidth_mbs: number;
    bandwidth_from: string;
  };
  /** Of matrix products and attention, each in full; those of experts too, which checkpoint's FLOPs leave out as PyTorch's counter does. */
  forward_flops: number;
  backward_flops: number;
  recomputed_flops: number;
  /** Forward and backward; with what is computed again: hardware_flops. */
  model_flops: number;
  hardware_flops: number;
  /** hardware_flops without what causal attention kernels skip. */
  executed_flops: number;
  forward_time_us: Microseconds;
  backward_time_us: Microseconds;
  recomputed_time_us: Microseconds;
  step_time_us: Microseconds;
  /** Share of the step's time of operations that wait for memory. */
  memory_bound: number;
  /** Model and hardware FLOPs utilisation that the roofline allows. */
  mfu: number;
  hfu: number;
  /** Why a utilisation is above 1, where one is. */
  utilisation_note?: string;
  rows: CostRow[];
  /** stack=paper. */
  paper?: PaperCost;
}

/** What a module's operations of one sort cost in one layer, or outside the layers: forward and backward. */
export interface CostRow {
  scope: 'layer' | 'outside';
  /** Where layers are not all alike. */
  kind?: string;
  /** Of the first layer, where it differs from others: of adapters its backward ends sooner. */
  first?: true;
  /** Layers like it: rows by their counts add up to the whole model. */
  count: number;
  module: string;
  component: Component;
  labour: 'products' | 'attention' | 'others';
  forward_flops: number;
  backward_flops: number;
  forward_bytes: Bytes;
  backward_bytes: Bytes;
  forward_time_us: Microseconds;
  backward_time_us: Microseconds;
  /** null where it takes no time. */
  memory_bound: number | null;
}

/** FLOPs as Korthikanti et al. 2022 count them, and the overhead of recomputation in a layer: the roofline's and the measured one. */
export interface PaperCost {
  model_flops: number;
  selective_flops: number;
  selective_flops_exact: number;
  full_flops: number;
  flops_of: string;
  layer_time_us: Microseconds;
  /** Of layer_time_us. */
  selective_overhead: number | null;
  full_overhead: number | null;
  measured: { of: string; selective_overhead: number; selective_and_sp_overhead: number; full_overhead: number };
}
