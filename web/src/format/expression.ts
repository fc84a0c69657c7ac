/* A formula's text as a tree: sums, products, powers, roots and rounding up, as the core and the published formulas write them. */

export type Node =
  | { kind: 'number' | 'name'; text: string }
  | { kind: 'sum'; terms: { sign: string; node: Node }[] }
  | { kind: 'product'; factors: { sign: string; node: Node }[] }
  | { kind: 'power'; base: Node; exponent: string }
  | { kind: 'root' | 'group' | 'ceiling'; inner: Node }
  | { kind: 'call'; name: string; inner: Node[] };

const POWERS: Readonly<Record<string, string>> = { '²': '2', '³': '3' };
const TOKEN = /\s*(\d+(?:\.\d+)?|max|min|[\p{L}][₀-₉]?|[()√⌈⌉²³+\-−·×/,])/uy;

/** null where the text is none that is known. */
export function parseExpression(text: string): Node | null {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    tokens.push(match[1] ?? '');
    if (TOKEN.lastIndex === text.trimEnd().length) break;
  }
  if (tokens.join('') !== text.replaceAll(/\s/g, '')) return null;
  let at = 0;
  const is = (...wanted: string[]) => wanted.includes(tokens[at] ?? '');
  const take = (): string => tokens[at++] ?? '';

  function sum(): Node | null {
    const terms: { sign: string; node: Node }[] = [];
    do {
      const sign = terms.length > 0 || is('-', '−') ? take() : '';
      const node = product();
      if (node === null) return null;
      terms.push({ sign: sign === '-' ? '−' : sign, node });
    } while (is('+', '-', '−'));
    return terms.length === 1 && terms[0]?.sign === '' ? (terms[0]?.node ?? null) : { kind: 'sum', terms };
  }
  function product(): Node | null {
    const factors: { sign: string; node: Node }[] = [];
    do {
      const sign = factors.length > 0 ? take() : '';
      const node = power();
      if (node === null) return null;
      factors.push({ sign, node });
    } while (is('·', '×', '/'));
    return factors.length === 1 ? (factors[0]?.node ?? null) : { kind: 'product', factors };
  }
  function power(): Node | null {
    const base = atom();
    const exponent = POWERS[tokens[at] ?? ''];
    if (base === null || exponent === undefined) return base;
    at++;
    return { kind: 'power', base, exponent };
  }
  function closed(kind: 'group' | 'ceiling', by: string): Node | null {
    at++;
    const inner = sum();
    return inner !== null && take() === by ? { kind, inner } : null;
  }
  function atom(): Node | null {
    if (is('(')) return closed('group', ')');
    if (is('⌈')) return closed('ceiling', '⌉');
    if (is('√')) {
      at++;
      const inner = atom();
      return inner === null ? null : { kind: 'root', inner };
    }
    const text = take();
    if (text === 'max' || text === 'min') return call(text);
    if (/^\d/.test(text)) return { kind: 'number', text };
    return /^\p{L}/u.test(text) ? { kind: 'name', text } : null;
  }
  function call(name: string): Node | null {
    const inner: Node[] = [];
    if (take() !== '(') return null;
    do {
      const next = sum();
      if (next === null) return null;
      inner.push(next);
    } while (is(',') && take() !== '');
    return take() === ')' ? { kind: 'call', name, inner } : null;
  }
  const whole = sum();
  return whole !== null && at === tokens.length ? whole : null;
}

export interface Term {
  /** 1 where none is written. */
  coefficient: number;
  /** "s·b·h"; empty for a constant. */
  of: string;
}

/** "4·s·b·h + 24" as coefficients and what each is of. */
export function termsOf(formula: string): Term[] {
  return formula.split(' + ').map((text) => {
    const match = /^(\d+)(?:·(.*))?$/.exec(text);
    return match === null ? { coefficient: 1, of: text } : { coefficient: Number(match[1]), of: match[2] ?? '' };
  });
}
