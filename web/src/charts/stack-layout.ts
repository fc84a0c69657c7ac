/* All layers, one above the other as the forward pass goes: each a slab as long as what it keeps. */
import type { Bytes, Component, Report } from '../../../wasm/report';
import type { Entry, Fate, Scope } from '../state/ledger';
import { scaleLinear } from './scale';

export interface Slab {
  /** "layers 0 to 15", "embedding, head and loss" */
  label: string;
  kind: string;
  /** Of one unit: a layer, a segment of several, or what stands outside. */
  bytes: Bytes;
  count: number;
  layersEach: number;
  first: number | null;
  y: number;
  /** Of one unit, with the gap behind it. */
  pitch: number;
  thickness: number;
  parts: { component: Component; x: number; width: number; fate: Fate }[];
}

export interface StackLayout {
  height: number;
  left: number;
  slabs: Slab[];
}

/* As wide as "outside". */
const LEFT = 52;
const ROOM = 300;
const GAP = 16;
const OUTSIDE = 22;

export function layStack(report: Report, scopes: readonly Scope[], width: number): StackLayout {
  const layers = report.saved.layers.map((layer) => ({ layer, entries: scopes.find((s) => s.name === layer.kind)?.entries ?? [] }));
  const outside = scopes.filter((s) => s.kind !== 'layer').flatMap((s) => s.entries);
  const total = layers.reduce((sum, { layer }) => sum + layer.count * layer.layers_each, 0);
  /* What is dropped counts too: the slab keeps its length, hatched. A row of a segment may stand for each layer in it. */
  const sizes = [...layers.map(({ layer, entries }) => sizeOf(entries, layer.count)), sizeOf(outside, 1)];
  const scale = scaleLinear([0, Math.max(1, ...sizes)], [0, width - LEFT - 4]);
  const pitch = Math.max(3, Math.min(16, ROOM / Math.max(1, total)));
  let y = 4;
  let first = 0;
  const slabs: Slab[] = layers.map(({ layer, entries }) => {
    const last = first + layer.count * layer.layers_each - 1;
    const slab: Slab = {
      label: last === first ? `layer ${first}` : `layers ${first} to ${last}`,
      kind: layer.kind,
      bytes: layer.bytes,
      count: layer.count,
      layersEach: layer.layers_each,
      first,
      y,
      pitch: pitch * layer.layers_each,
      thickness: pitch * layer.layers_each - (pitch > 4 ? 1.5 : 0.75),
      parts: partsOf(entries, layer.count, scale),
    };
    y += layer.count * slab.pitch;
    first = last + 1;
    return slab;
  });
  y += GAP;
  slabs.push({
    label: 'embedding, head and loss',
    kind: 'outside',
    bytes: report.saved.outside_bytes + report.saved.shared_bytes,
    count: 1,
    layersEach: 0,
    first: null,
    y,
    pitch: OUTSIDE,
    thickness: OUTSIDE,
    parts: partsOf(outside, 1, scale),
  });
  return { height: y + OUTSIDE + 4, left: LEFT, slabs };
}

/* A row's bytes in one unit of so many. */
const share = ({ row }: Entry, units: number): Bytes => (row.bytes * row.count) / Math.max(1, units);
const sizeOf = (entries: readonly Entry[], units: number): Bytes => entries.reduce((sum, entry) => sum + share(entry, units), 0);

/* By component, what is kept first. */
function partsOf(entries: readonly Entry[], units: number, scale: (bytes: Bytes) => number): Slab['parts'] {
  const parts: Slab['parts'] = [];
  let x = 0;
  for (const fate of ['kept', 'offloaded', 'recomputed'] as const) {
    const list = entries.filter((e) => e.fate === fate);
    for (const component of new Set(list.map((e) => e.row.component))) {
      const bytes = sizeOf(list.filter((e) => e.row.component === component), units);
      if (bytes === 0) continue;
      const width = scale(bytes);
      parts.push({ component, x, width, fate });
      x += width;
    }
  }
  return parts;
}
