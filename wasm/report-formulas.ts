/* Published formulas, in a report and in a document of their own: core/report_formulas.c. */
import type { Bytes } from './terms.js';

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

/** The published formulas: what no configuration changes of them, and what each gives for the example that it is published with. */
export interface FormulaTable {
  version: 1;
  actmem: string;
  formulas: (Omit<Formula, 'bytes' | 'layer_bytes' | 'ratio' | 'parts' | 'layer_parts'> & { computed: number | null })[];
}
