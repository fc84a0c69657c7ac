/* The tables that inputs are made of, as a document: core/tables.c. */
import type { Convention } from './report.js';
import type { Bytes, Component, Value } from './terms.js';

export interface SymbolInfo {
  symbol: string;
  /** The input that sets it. */
  key: string;
  name: string;
}
export interface SymbolValue extends SymbolInfo {
  value: number;
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
