/* What tensors and terms of formulas grow with: the same few kinds for both, so that a formula can be held against the ledger. */
import type { Bytes, Parts, Report, Row, Share, SymbolInfo } from '../../../wasm/report';
import { tokenise } from './formula';

export const SHARES: readonly (readonly [share: Share, name: string])[] = [
  ['hidden', 'hidden size and head width'],
  ['kv', 'keys and values'],
  ['ffn', 'FFN width'],
  ['scores', 'attention scores'],
  ['vocab', 'vocabulary'],
];

/** By its formula's symbols: "8·s·b·f" grows with the FFN's width. */
export function shareOf(row: Pick<Row, 'formula'>, symbols: readonly SymbolInfo[]): Share {
  if (row.formula.includes('s²')) return 'scores';
  const keys = new Set(tokenise(row.formula, symbols).map((t) => t.key));
  if (keys.has('vocab')) return 'vocab';
  if (keys.has('ffn') || keys.has('moe_ffn') || keys.has('shared_ffn')) return 'ffn';
  return keys.has('kv_heads') ? 'kv' : 'hidden';
}

export interface Difference {
  share: Share;
  name: string;
  said: Bytes;
  kept: Bytes;
  /** Names of the tensors that are kept, the largest first, each once. */
  tensors: string[];
}

/** A formula's terms beside the rows of `scope` (a kind of layer), or of all. */
export function differences(parts: Parts, report: Report, scope: string | null): Difference[] {
  const rows = report.rows.filter((row) => scope === null || row.scope === scope);
  const bytes = (row: Row): Bytes => (scope === null ? row.bytes * row.count : row.bytes);
  return SHARES.map(([share, name]) => {
    const own = rows.filter((row) => shareOf(row, report.symbols) === share).sort((x, y) => bytes(y) - bytes(x));
    return { share, name, said: parts[share] ?? 0, kept: own.reduce((sum, row) => sum + bytes(row), 0), tensors: [...new Set(own.map((row) => row.name))] };
  }).filter((d) => d.said !== 0 || d.kept !== 0);
}
