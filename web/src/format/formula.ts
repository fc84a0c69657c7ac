/* A formula's text cut into symbols, numbers and signs. */
import type { SymbolInfo } from '../../../wasm/report';

export interface Token {
  text: string;
  /** The input that the symbol stands for. */
  key?: string;
}

export function tokenise(formula: string, symbols: readonly SymbolInfo[]): Token[] {
  const byText = new Map(symbols.map((s) => [s.symbol, s]));
  const longest = [...byText.keys()].sort((x, y) => y.length - x.length).map(escape);
  if (longest.length === 0) return [{ text: formula }];
  const pattern = new RegExp(`(${longest.join('|')})`, 'u');
  return formula
    .split(pattern)
    .filter((text) => text !== '')
    .map((text) => {
      const symbol = byText.get(text);
      return symbol === undefined ? { text } : { text, key: symbol.key };
    });
}

/** The same for the line with the numbers put in: each number takes the input of the symbol in its place. */
export function tokeniseSubstituted(substituted: string, formula: string, symbols: readonly SymbolInfo[]): Token[] {
  const keys = tokenise(formula, symbols).flatMap((t) => (t.key === undefined ? numbers(t.text).map(() => null) : [t.key]));
  const parts = substituted.split(/(\d+)/).filter((text) => text !== '');
  if (parts.filter((p) => /^\d+$/.test(p)).length !== keys.length) return [{ text: substituted }];
  let at = 0;
  return parts.map((text) => {
    const key = /^\d+$/.test(text) ? keys[at++] : null;
    return key == null ? { text } : { text, key };
  });
}

function numbers(text: string): string[] {
  return text.match(/\d+/g) ?? [];
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
