/* Where everything of a layer's picture stands, from the ledger's rows in their order. Nothing in it knows a model.
 *
 * The residual stream runs along the top of each branch. A branch leaves it, goes down through modules and comes back: it begins where a
 * norm follows something that is no norm, or where the outermost module changes without one. A tensor stands on the wire before the module
 * that saved it, or behind it if it was saved as a result. Its mark is as long as it has elements per token and as high as an element has
 * bytes, so that its area is its bytes. Modules that save nothing, since what they read is kept already, stand where the forward pass goes
 * through them; side by side if nothing is kept between. */
import { blockOf, type Entry, type Scope } from '../state/ledger';
import { textWidth } from './measure';

export interface Mark {
  entry: Entry;
  y: number;
  x: number;
  width: number;
  height: number;
  /** Too small to draw to scale: a hairline. */
  tiny: boolean;
}

export interface Station {
  /** From the branch's wire; above 0 for one that stands beside the station before it. */
  x: number;
  module: string;
  op: string;
  component: string;
  /** The module is that of the box above: only the operation is named. */
  continued: boolean;
  /** Only the last part is named: its block is that of the box beside it, or there is no room for more. */
  short: boolean;
  y: number;
}

export interface Branch {
  /** null: on the stream itself, no way around. */
  returns: boolean;
  x: number;
  y: number;
  width: number;
  height: number;
  trunk: number;
  stations: Station[];
  marks: Mark[];
}

export interface LayerLayout {
  width: number;
  height: number;
  branches: Branch[];
  /** Columns of a branch, from its x. */
  nameX: number;
  /** Right edge of the bytes, from the branch's x. */
  bytesX: number;
  stacked: boolean;
}

const ROW = 23;
const BOX = 30;
const TOP = 46;
const BOTTOM = 22;
export const GAP = 28;
export const WIRE = 14;
export const MARK_X = 34;
const BYTE = 4; /* height of a mark, px a byte of an element */
/* Room that most names and all bytes take. */
const NAME = 172;
const BYTES = 84;
const DTYPE: Record<string, number> = { fp32: 4, fp16: 2, bf16: 2, bool: 1, i64: 8, u64: 8, i32: 4 };

interface Stop {
  /** It saves nothing. */
  silent: boolean;
  module: string;
  op: string;
  component: string;
  before: Entry[];
  after: Entry[];
}

/** `order`: every module of such a layer as the forward pass goes through them; those that save nothing are drawn too. */
export function layLayer(scope: Scope, width: number, order: readonly string[] = []): LayerLayout {
  const chains = branchesOf(scope).map((stops) => (scope.kind === 'layer' ? withSilent(stops, order) : stops));
  const columns = width >= 700 ? Math.min(2, Math.max(1, chains.length)) : 1;
  const column = Math.floor((width - GAP * (columns - 1)) / columns);
  const stacked = column < 340;
  const markWidth = stacked ? column - MARK_X - 30 : Math.round(Math.max(84, Math.min(190, column - MARK_X - 10 - NAME - BYTES)));
  const row = stacked ? 38 : ROW;
  const longest = Math.max(1, ...scope.entries.map((e) => elementsPerToken(e)));
  const nameX = stacked ? MARK_X : MARK_X + markWidth + 10;

  const branches = chains.map((stops): Branch => {
    const stations: Station[] = [];
    const marks: Mark[] = [];
    let y = TOP;
    const place = (entry: Entry) => {
      const scaled = (elementsPerToken(entry) / longest) * markWidth;
      const tiny = scaled < 1.5;
      const height = tiny ? 8 : Math.min(16, (DTYPE[entry.row.dtype] ?? 2) * BYTE);
      marks.push({ entry, x: MARK_X, y: y + (stacked ? row - 10 : row / 2), width: tiny ? 1.5 : scaled, height, tiny });
      y += row;
    };
    for (const stop of stops) {
      stop.before.forEach(place);
      if (stop.module !== '' || stop.op !== '') {
        const last = stations.at(-1);
        const x = last === undefined ? 0 : last.x + stationWidth({ ...last, op: '' }) + 8;
        const station: Station = { x: 0, module: stop.module, op: stop.op, component: stop.component, continued: stop.op !== '' && last?.module === stop.module, short: false, y: y + BOX / 2 };
        const room = (s: Station): boolean => WIRE + s.x + stationWidth(s) < column - 20;
        /* Nothing is kept between the two: they stand in one row. */
        const beside = last !== undefined && stop.silent && last.y === y - BOX / 2 && blockOf(last.module) === blockOf(stop.module) && !last.continued;
        const next: Station = { ...station, x, y: last?.y ?? y, short: true };
        if (beside && room(next)) {
          last.op = '';
          stations.push(next);
        } else {
          stations.push([station, { ...station, short: true }].find(room) ?? { ...station, short: true, op: station.continued ? station.op : '' });
          y += BOX;
        }
      }
      stop.after.forEach(place);
    }
    return { returns: scope.kind === 'layer' && stops.some((s) => s.module !== ''), x: 0, y: 0, width: column, height: y + BOTTOM, trunk: 16, stations, marks };
  });

  /* Into columns, in reading order: the next branch goes to the right while there is room there. */
  let y = 0;
  for (let i = 0; i < branches.length; i += columns) {
    const line = branches.slice(i, i + columns);
    const height = Math.max(...line.map((b) => b.height));
    line.forEach((branch, j) => {
      branch.x = j * (column + GAP);
      branch.y = y;
      branch.height = height;
    });
    y += height + GAP / 2;
  }
  return { width, height: Math.max(0, y - GAP / 2), branches, nameX, bytesX: column - 22, stacked };
}

function branchesOf(scope: Scope): Stop[][] {
  const stops = stopsOf(scope.entries);
  if (scope.kind !== 'layer') {
    /* Along the stream: two halves of about the same length. */
    const half = stops.findIndex((_, i) => length(stops.slice(0, i + 1)) >= length(stops) / 2) + 1;
    return half > 0 && half < stops.length ? [stops.slice(0, half), stops.slice(half)] : [stops];
  }
  const branches: Stop[][] = [];
  let outer = '';
  let normed = false;
  for (const stop of stops) {
    const top = blockOf(stop.module);
    const norm = stop.component === 'norm' && !stop.module.includes('.');
    const current = branches.at(-1);
    /* OPT's fc1 and fc2 are one MLP. */
    const goesOn = current?.at(-1)?.component === stop.component;
    const begins = current === undefined || (norm ? !normed && outer !== '' : outer !== '' && top !== outer && !normed && !goesOn);
    /* A residual dropout or another module without a norm belongs to the branch that it ends. */
    const ends = stop.component === 'residual';
    if (begins && !(ends && current !== undefined)) branches.push([stop]);
    else current?.push(stop);
    if (stop.module !== '' && !ends) {
      outer = top;
      normed = norm;
    }
  }
  return branches;
}

/* Runs of entries that one operation of one module saved. */
function stopsOf(entries: readonly Entry[]): Stop[] {
  const stops: Stop[] = [];
  for (const entry of entries) {
    const { module, component } = entry.row;
    const onStream = module === '' && (component === 'residual' || component === 'checkpoint');
    const op = onStream ? '' : entry.row.op;
    const last = stops.at(-1);
    /* A norm of six operations is one box. */
    if (last !== undefined && last.module === module && (last.op === op || component === 'norm')) {
      if (last.op !== op) last.op = '';
      (isResult(entry) && last.component !== 'norm' ? last.after : last.before).push(entry);
    } else {
      stops.push({ silent: false, module, op, component, before: isResult(entry) ? [] : [entry], after: isResult(entry) ? [entry] : [] });
    }
  }
  return stops;
}

/* With the modules that save nothing, each behind the one that the forward pass comes from. */
function withSilent(stops: readonly Stop[], order: readonly string[]): Stop[] {
  const all = [...stops];
  order.forEach((module, i) => {
    const before = order[i - 1] ?? '';
    if (module === '' || all.some((s) => s.module === module)) return;
    const at = before === '' ? -1 : all.findLastIndex((s) => s.module === before);
    const from = all[at];
    if (from !== undefined && blockOf(from.module) === blockOf(module)) all.splice(at + 1, 0, { silent: true, module, op: '', component: from.component, before: [], after: [] });
  });
  return all;
}

/** What a station is named by: a path's first parts, which are quiet, and its last. */
export function stationName({ module, op, component, continued, short }: Omit<Station, 'x' | 'y'>): { path: string; name: string } {
  if (continued) return { path: '', name: op };
  if (module === '') return { path: '', name: component };
  const cut = module.lastIndexOf('.') + 1;
  return { path: short ? '' : module.slice(0, cut), name: module.slice(cut) };
}

/** Its box, and the operation behind it. */
export function stationWidth(station: Omit<Station, 'x' | 'y'>): number {
  const { path, name } = stationName(station);
  const op = station.op === '' || station.continued ? 0 : textWidth(station.op, 11.5, 'mono') + 6;
  return textWidth(path + name, 12, 'mono') + 18 + op;
}

function length(stops: readonly Stop[]): number {
  return stops.reduce((sum, s) => sum + s.before.length + s.after.length + 1.3, 0);
}

/* By autograd's name of what was saved. Only the place on the wire depends on it. */
function isResult({ row }: Entry): boolean {
  if (row.saved_by[0] === 'checkpoint') return row.module !== '';
  const attribute = row.saved_by[0]?.split('.').at(-1) ?? '';
  return /^(result\d?|output|out|log_?sumexp|rng_state|unused|philox_\w+|total_weight)$/.test(attribute);
}

/* Elements for one token, up to a factor that all rows share. */
function elementsPerToken({ row }: Entry): number {
  return row.bytes / (DTYPE[row.dtype] ?? 2);
}
