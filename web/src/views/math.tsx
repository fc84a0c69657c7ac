/* Formulas set as mathematics: each symbol in the colour of its input, lit while that input changes. */
import { useComputed } from '@preact/signals';
import type { SymbolInfo } from '../../../wasm/report';
import { type Token, tokenise, tokeniseSubstituted } from '../format/formula';
import { activeKey } from '../state/highlight';

export function Glyph({ text, symbolKey }: { text: string; symbolKey: string }) {
  const lit = useComputed(() => (activeKey.value === symbolKey ? '' : undefined));
  return (
    <var class={`glyph k-${symbolKey}`} data-lit={lit}>
      {text}
    </var>
  );
}

interface FormulaProps {
  text: string;
  symbols: readonly SymbolInfo[];
}

export function FormulaText({ text, symbols }: FormulaProps) {
  return <span class="math">{pieces(tokenise(text, symbols))}</span>;
}

export function SubstitutedText({ text, formula, symbols }: FormulaProps & { formula: string }) {
  return <span class="math math-numbers">{pieces(tokeniseSubstituted(text, formula, symbols))}</span>;
}

function pieces(tokens: readonly Token[]) {
  return tokens.map((token, i) => (token.key === undefined ? breakable(token.text) : <Glyph key={`${i} ${token.key}`} text={token.text} symbolKey={token.key} />));
}

/* Long sums may break behind a plus sign. */
function breakable(text: string) {
  return text.replaceAll(' + ', '\u00a0+ ');
}
