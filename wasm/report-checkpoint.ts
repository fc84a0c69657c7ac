/* Checkpointing in a report: its plans, their frontier, what a budget led to, and schedules: core/report_step.c, core/report_chain.c. */
import type { Bytes, Microseconds } from './terms.js';

export interface Checkpoint {
  policy: string;
  reentrant: boolean;
  forward_flops: number;
  recomputed_flops: number;
  plans: Plan[];
  /** What the policy moves off the GPU and back; of others left out. */
  offload?: Offload;
  /** The actions of revolve:C and rotor:BYTES. */
  schedule?: Schedule;
  /** Of which plans `frontier` is the best, and which of their figures it holds against the peak: of the listed policies by FLOPs that run
   *  again, or with frontier=yes of all plans that were searched by time. */
  frontier_of: 'listed' | 'searched';
  frontier_by: 'recomputed_flops' | 'recomputed_time_us';
  /** Why none was searched for, though frontier=yes. */
  frontier_note?: string;
  /** The plans that no other plan beats: peak (gradients of parameters apart) against recomputation. Of the list; with frontier=yes of all
   *  plans over what each layer may keep, from the lowest peak on; of a pipeline the highest peak of all ranks, with the cheapest plan of each. */
  frontier: ({ policy: string; reentrant: boolean; layers_each?: number; peak_bytes: Bytes; recomputed_flops: number } | FrontierPlan)[];
  /** With frontier=yes: what its plans are made of, and how many there are: plans of the exact frontier, choices that were played for a layer,
   *  those that none beats, those that the frontier is over; of how many layers regions were; whether no plan can be missing, else why. */
  frontier_choices?: LayerChoice[];
  frontier_search?: { plans: number; candidates: number; undominated: number; choices: number; spans: number[]; proven: boolean; proven_note?: string };
  /** The plan that a budget led to, or that was listed (regions:LIST), from the embedding on; of a pipeline rank by rank, with the stage. */
  runs?: (LayerChoice & { stage?: number; first_layer: number; layers: number })[];
  /** Of a budget's plan: whether none is cheaper among those that could be searched, else why that is not known. */
  proven?: boolean;
  proven_note?: string;
  /** Where some of a layer's choices were combined: every plan of all of them below the budget takes so long again at least. */
  recomputed_time_us_at_least?: number;
  /** The lines of code, or the flags, that do the policy, in each framework that can; core.wasm leaves them out. */
  lines?: { framework: string; text: string }[];
  /** Why there are none, where the policy would need some. */
  lines_note?: string;
  /** Of a budget, where the stack's framework has switches: the cheapest plan below it that they can say; found: else the one with the lowest
   *  peak. policy "none" needs no switch, and text is empty. Peaks are the highest of all ranks, gradients of parameters apart. */
  switches?: {
    framework: string;
    found: boolean;
    /** Plans that were evaluated: all that they can say and the stack takes, but those that cost more than one that was found. */
    tried: number;
    policy: string;
    saved_bytes: Bytes;
    peak_bytes: Bytes;
    recomputed_flops: number;
    recomputed_time_us: Microseconds;
    text: string;
    /** Of a pipeline. */
    ranks?: { rank: number; saved_bytes: Bytes; peak_bytes: Bytes; recomputed_time_us: Microseconds }[];
  };
}

export interface FrontierPlan {
  /** Gradients of parameters apart, as a listed plan's frontier_peak_bytes, and not its peak_bytes. */
  peak_bytes: Bytes;
  recomputed_time_us: Microseconds;
  recomputed_flops: number;
  /** [index of frontier_choices, regions or layers that do so] from the embedding on; none where they would be more than twelve. */
  plan: [number, number][];
  /** Of a pipeline: each rank's own, of many ranks the first. */
  ranks?: { peak_bytes: Bytes; recomputed_time_us: Microseconds }[];
}

/** What a layer may do: keep everything, its input alone, what is listed beside it; or be one of `span` layers of one region. */
export interface LayerChoice {
  kind: 'none' | 'full' | 'save' | 'segment' | 'modules';
  span: number;
  /** Megatron's, that run again. */
  modules?: string;
  /** A product by its module; with an empty module all operations of that name. */
  keeps: { module: string; op: string }[];
}

export interface Offload {
  /** On the host between forward and backward; of those, copies of parameters. */
  host_bytes: Bytes;
  weight_bytes: Bytes;
  /** In one step, each way, and how long that takes at link_bandwidth. */
  to_host_bytes: Bytes;
  from_host_bytes: Bytes;
  to_host_us: number;
  from_host_us: number;
  /** From the other ranks of the tensor-parallel group. */
  gathered_bytes: Bytes;
  /** Whether the copies may run beside the computation, and beside which: the forward on the way there, backward and recomputation on the way
   *  back, by the roofline; exposed_us: time on the link beyond that. */
  overlap: {
    possible: boolean; forward_flops: number; recomputed_flops: number; forward_time_us: Microseconds; backward_time_us: Microseconds; exposed_us: number;
  };
}

export interface Schedule {
  /** Inputs of layers that are stored at once, at most; layers that are advanced over, counted each time. */
  checkpoints: number;
  advances: number;
  /** Rotor's: bytes that sizes were rounded up to where it sought; 1: none. */
  unit_bytes?: number;
  /** "S0 A0:12 S12 … T31 B31": store the input of layer 0, advance over layers 0 to 11, take layer 31 (run it and keep what its backward needs), its backward. */
  actions: string;
}

export interface Plan {
  policy: string;
  reentrant: boolean;
  /** Layers in each region, for policies of equal segments. */
  layers_each?: number;
  label: string;
  note: string;
  chosen: boolean;
  pareto: boolean;
  saved_bytes: Bytes;
  after_forward_bytes: Bytes;
  forward_peak_bytes: Bytes;
  backward_peak_bytes: Bytes;
  /** The highest of forward and backward where gradients of parameters start as None and count, as the step's. */
  peak_bytes: Bytes;
  /** The same, gradients of parameters apart: what budgets, the frontier's peak_bytes, those of ranks and switches are of. core.wasm leaves it out. */
  frontier_peak_bytes?: Bytes;
  recomputed_flops: number;
  /** Of the forward's FLOPs. */
  recompute_ratio: number;
  offload?: Offload;
  /** By the roofline of `cost`, as the next; core.wasm leaves both out. */
  recomputed_time_us?: Microseconds;
  step_time_us?: Microseconds;
  /** With frontier=yes, how far above it: in peak where no more may run again, in time where the peak may be no higher. */
  excess_bytes?: Bytes;
  excess_time_us?: Microseconds;
  /** Of a pipeline with frontier=yes: the highest peak of all ranks with this policy on each stage's layers. */
  worst_rank_peak_bytes?: Bytes;
}
