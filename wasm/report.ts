/* What the core says, as types. core/report.c writes these documents; nothing else does. All byte figures are whole numbers. */

/** Exact below 2^53; the core answers with an error above it. */
export type Bytes = number;

export type Component = 'attention' | 'mlp' | 'norm' | 'residual' | 'embedding' | 'head' | 'loss' | 'checkpoint';
export type Units = 'GiB' | 'GB' | 'bytes';
export type Value = number | string;

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

export interface SymbolInfo {
  symbol: string;
  /** The input that sets it. */
  key: string;
  name: string;
}
export interface SymbolValue extends SymbolInfo {
  value: number;
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
  formula: string;
  substituted: string;
  why: string;
  /** Autograd nodes and their attribute: "MmBackward0.self". */
  saved_by: string[];
}

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

/** Saved tensors by their component; logits that the caller holds; what the forward makes and nothing saves; what is made again; what was on the
 *  host; gradients of activations, with the backward's temporaries; whole parameters that ranks share out, and their whole gradients; what stays
 *  for the whole run. Where layers do different things, a hidden state between two of them is of the residual stream. */
export type LivePart = Component | 'output' | 'temporary' | 'recomputed' | 'returned' | 'gradient' | 'gathered' | 'reduced' | 'lasting';

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

/** Exact to the picosecond, which is its last decimal. */
export type Microseconds = number;

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

export interface Formula {
  id: string;
  name: string;
  source: string;
  /** The formula's text, which is what is evaluated: of all that it counts; ℓ in it is a layer's figure. */
  expression: string;
  /** Of one layer; null for an explanation's figure, which is a formula for itself. */
  layer_expression: string | null;
  /** Of all, where every layer is checkpointed; null if the formula has no such case. */
  full_expression: string | null;
  caveat: string;
  /** "bytes", "bytes per layer", "bytes of state", "elements", "parameters", … */
  unit: string;
  /** What it may be held against: what the model keeps, what one layer keeps, or nothing. */
  compares: 'model' | 'layer' | null;
  published: {
    example: string;
    value: number;
    /** "layer": by a second implementation of a calculator's formula; "all": as it was published. */
    of: 'layer' | 'all';
  };
  /** For this configuration, in that unit; null where the formula has no answer. */
  bytes: Bytes | null;
  /** A calculator's figure for one layer, not checkpointed; null where it has no answer. */
  layer_bytes: Bytes | null;
  /** bytes, of saved.bytes; null where the two cannot be compared. */
  ratio: number | null;
  /** bytes and layer_bytes by what their terms grow with. */
  parts: Parts;
  layer_parts: Parts;
}

export type Share = 'hidden' | 'kv' | 'ffn' | 'scores' | 'vocab';
export type Parts = Partial<Record<Share, number>>;

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

export interface Tables {
  version: 1;
  actmem: string;
  groups: string[];
  fields: Field[];
  presets: Preset[];
  symbols: SymbolInfo[];
  components: Component[];
  dtypes: string[];
  /** Why something is kept, by what saved it. */
  savers: { saved_by: string; why: string }[];
  conventions: Pick<Convention, 'id' | 'name' | 'source'>[];
  /** By stack: its name in a sentence, what its rules were verified with, and what is derived from them. */
  stacks: { stack: string; text: string; detail: string; derived: string }[];
  not_counted: string[];
  devices: Device[];
}

/** A GPU as its vendor states it: dense rates with sums in fp32, null where there is none. */
export interface Device {
  id: string;
  label: string;
  /** The vendor's GB, taken as GiB. */
  memory_bytes: Bytes;
}

/** The published formulas: what no configuration changes of them, and what each gives for the example that it is published with. */
export interface FormulaTable {
  version: 1;
  actmem: string;
  formulas: (Omit<Formula, 'bytes' | 'layer_bytes' | 'ratio' | 'parts' | 'layer_parts'> & { computed: number | null })[];
}

export type FieldKind = 'int' | 'flag' | 'choice' | 'ratio' | 'text';

export interface Field {
  key: string;
  kind: FieldKind;
  group: string;
  unit: string;
  label: string;
  help: string;
  choices?: string[];
  /** null: derived from the others. */
  default: Value | null;
  least?: number;
  most?: number;
}

export interface Preset {
  name: string;
  label: string;
  source: string;
  /** The keys it sets; in `actmem --tables` only. */
  query?: string;
  /** Published exact count; null where none is. */
  parameters: number | null;
}

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
