/* A formula as MathML: symbols in the colour of their input, lit while it changes. */
import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { SymbolInfo } from '../../../wasm/report';
import { type Node, parseExpression } from '../format/expression';
import { activeKey } from '../state/highlight';

export function Expression({ text, symbols }: { text: string; symbols: readonly SymbolInfo[] }) {
  const tree = parseExpression(text);
  return <math>{tree === null ? <mtext>{text}</mtext> : <mrow>{draw(tree, symbols)}</mrow>}</math>;
}

/** A sum that breaks behind its terms: a line of MathML breaks nowhere. */
export function Sum({ text, symbols }: { text: string; symbols: readonly SymbolInfo[] }) {
  return (
    <>
      {text.split(' + ').map((term, i) => (
        <span key={term} class="term-of-sum">
          {i > 0 && '+ '}
          <Expression text={term} symbols={symbols} />{' '}
        </span>
      ))}
    </>
  );
}

function Name({ text, symbols }: { text: string; symbols: readonly SymbolInfo[] }) {
  const key = symbols.find((s) => s.symbol === text)?.key;
  const lit = useComputed(() => (key !== undefined && activeKey.value === key ? '' : undefined));
  return key === undefined ? (
    <mi>{text}</mi>
  ) : (
    <mi class={`glyph k-${key}`} data-lit={lit}>
      {text}
    </mi>
  );
}

/* As high as what stands between two of them, unless that is one line. */
const Fence = ({ children }: { children: string }) => <mo stretchy={false}>{children}</mo>;

function draw(node: Node, symbols: readonly SymbolInfo[]): ComponentChildren {
  const inner = (of: Node) => <mrow>{draw(of, symbols)}</mrow>;
  switch (node.kind) {
    case 'number':
      return <mn>{node.text}</mn>;
    case 'name':
      return <Name text={node.text} symbols={symbols} />;
    case 'sum':
      return node.terms.map(({ sign, node: term }) => [sign !== '' && <mo>{sign}</mo>, draw(term, symbols)]);
    case 'product':
      return node.factors.map(({ sign, node: factor }) => [sign !== '' && <mo>{sign}</mo>, draw(factor, symbols)]);
    case 'power':
      return (
        <msup>
          {inner(node.base)}
          <mn>{node.exponent}</mn>
        </msup>
      );
    case 'root':
      return <msqrt>{draw(node.inner, symbols)}</msqrt>;
    case 'group':
      return [<Fence>(</Fence>, draw(node.inner, symbols), <Fence>)</Fence>];
    case 'ceiling':
      return [<Fence>⌈</Fence>, draw(node.inner, symbols), <Fence>⌉</Fence>];
    case 'call':
      return [<mi mathvariant="normal">{node.name}</mi>, <Fence>(</Fence>, node.inner.map((of, i) => [i > 0 && <mo>,</mo>, draw(of, symbols)]), <Fence>)</Fence>];
  }
}
