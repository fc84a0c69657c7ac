/* The report's rows with names of their own, kept and dropped together, for the picture, the bar and the table. */
import type { Report, Row, Step } from '../../../wasm/report';

/** Kept on the GPU; let go and computed again; or copied to the host and back. */
export type Fate = 'kept' | 'recomputed' | 'offloaded';

export interface Entry {
  id: string;
  row: Row;
  /** What becomes of it between forward and backward. */
  fate: Fate;
}

export interface Scope {
  name: string;
  /** "layer", "outside" and "shared" are drawn differently. */
  kind: 'layer' | 'outside' | 'shared';
  count: number;
  entries: Entry[];
}

/** Kinds of layer first, each with what its policy drops merged in; then what layers share and what stands outside. `prefix` tells the rows of
 * several reports on one page apart. */
export function scopesOf(report: Report, prefix = ''): Scope[] {
  const scopes = new Map<string, Scope>();
  const of = (row: Row): Scope => {
    let scope = scopes.get(row.scope);
    if (scope === undefined) {
      const kind = row.scope === 'outside' || row.scope === 'shared' ? row.scope : 'layer';
      const layers = report.saved.layers.find((k) => k.kind === row.scope);
      scope = { name: row.scope, kind, count: layers?.count ?? row.count, entries: [] };
      scopes.set(row.scope, scope);
    }
    return scope;
  };
  for (const layer of report.saved.layers) of({ scope: layer.kind, count: layer.count } as Row);
  report.rows.forEach((row, i) => of(row).entries.push({ id: `${prefix}kept-${i}`, row, fate: 'kept' }));
  /* save_on_cpu moves everything and computes nothing again; what a checkpoint's region drops is computed again even if its input is moved. */
  const away: Fate = report.checkpoint.policy === 'offload:saved' ? 'offloaded' : 'recomputed';
  const dropped = new Map<Scope, Entry[]>();
  report.dropped.forEach((row, i) => {
    const list = dropped.get(of(row)) ?? [];
    list.push({ id: `${prefix}dropped-${i}`, row, fate: away });
    dropped.set(of(row), list);
  });
  for (const [scope, list] of dropped) scope.entries = merge(scope.entries, list, modulesOf(report.step, { entries: [...scope.entries, ...list] }));
  const rank = { layer: 0, shared: 1, outside: 2 };
  return [...scopes.values()].filter((s) => s.entries.length > 0).sort((x, y) => rank[x.kind] - rank[y.kind]);
}

/* Both lists are in the order of the forward pass, each for itself. A kept entry goes behind the dropped ones of its module, else behind what
 * modules before its own have, as far as `order` knows it; else behind the last kept one of the same block, else behind its block or its
 * component, else to the front: a checkpoint's input. */
function merge(kept: readonly Entry[], dropped: readonly Entry[], order: readonly string[]): Entry[] {
  const merged = [...dropped];
  const front: Entry[] = [];
  let previous: Entry | undefined;
  for (const entry of kept) {
    const { module } = entry.row;
    const block = blockOf(module);
    let at = module === '' ? -1 : merged.findLastIndex((e) => e.row.module === module);
    const turn = module === '' ? -1 : order.indexOf(module);
    if (at < 0) at = merged.findLastIndex((e) => e.row.module !== '' && order.includes(e.row.module) && order.indexOf(e.row.module) <= turn);
    if (at < 0 && previous !== undefined && blockOf(previous.row.module) === block) at = merged.indexOf(previous);
    if (at < 0 && block !== '') at = merged.findLastIndex((e) => blockOf(e.row.module) === block);
    if (at < 0 && block !== '') at = merged.findLastIndex((e) => e.row.component === entry.row.component);
    if (at < 0) front.push(entry);
    else merged.splice(at + 1, 0, entry);
    previous = entry;
  }
  return [...front, ...merged];
}

/** The modules of one layer in the order of its forward pass, as the step's timeline has them: of the first layer that has all of `scope`'s. */
export function modulesOf({ timeline, timeline_modules: modules }: Step, { entries }: Pick<Scope, 'entries'>): string[] {
  const layers = new Map<number, string[]>();
  for (const [phase, layer, module] of timeline) {
    if (phase !== 0 || layer < 0) continue;
    const list = layers.get(layer) ?? [];
    layers.set(layer, list);
    const name = modules[module] ?? '';
    if (list.at(-1) !== name) list.push(name);
  }
  const saved = new Set(entries.map((e) => e.row.module));
  saved.delete('');
  return [...layers.values()].find((list) => [...saved].every((module) => list.includes(module))) ?? [];
}

/** "mlp" of "mlp.gate_proj" */
export const blockOf = (module: string): string => module.split('.')[0] ?? '';

export function findEntry(scopes: readonly Scope[], id: string | null): { scope: Scope; entry: Entry } | null {
  if (id === null) return null;
  for (const scope of scopes) {
    const entry = scope.entries.find((e) => e.id === id);
    if (entry !== undefined) return { scope, entry };
  }
  return null;
}

/** The one to describe before the visitor has pointed at any. */
export function largest(scopes: readonly Scope[]): { scope: Scope; entry: Entry } | null {
  let best: { scope: Scope; entry: Entry } | null = null;
  for (const scope of scopes) {
    for (const entry of scope.entries) {
      if (best === null || entry.row.bytes * entry.row.count > best.entry.row.bytes * best.entry.row.count) best = { scope, entry };
    }
  }
  return best;
}
