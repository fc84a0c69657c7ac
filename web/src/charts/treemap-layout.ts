/* Everything that is kept as one area, cut by component, then by tensor. Areas are the core's bytes. */
import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import type { Component } from '../../../wasm/report';
import type { Entry, Scope } from '../state/ledger';

export interface Tile {
  entry: Entry;
  scope: Scope;
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Node {
  component?: Component;
  of?: { entry: Entry; scope: Scope };
  children?: Node[];
}

export function layTreemap(scopes: readonly Scope[], width: number, height: number): Tile[] {
  const kept = scopes.flatMap((scope) => scope.entries.filter((e) => e.fate === 'kept').map((entry) => ({ entry, scope })));
  const components = [...new Set(kept.map(({ entry }) => entry.row.component))];
  const root = hierarchy<Node>({ children: components.map((component) => ({ component, children: kept.filter(({ entry }) => entry.row.component === component).map((of) => ({ of })) })) })
    .sum(({ of }) => (of === undefined ? 0 : of.entry.row.bytes * of.entry.row.count))
    .sort((p, q) => (q.value ?? 0) - (p.value ?? 0));
  return treemap<Node>()
    .tile(treemapSquarify.ratio(1.6))
    .size([width, height])
    .paddingInner(1)
    .round(true)(root)
    .leaves()
    .flatMap(({ data, x0, y0, x1, y1 }) => (data.of === undefined || x1 <= x0 || y1 <= y0 ? [] : [{ ...data.of, x: x0, y: y0, width: x1 - x0, height: y1 - y0 }]));
}
