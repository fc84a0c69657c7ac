/* Widths of text as the page's fonts set it. */
const FAMILY = { sans: '--sans', mono: '--mono' } as const;
let context: CanvasRenderingContext2D | null = null;
/* The context's font: to set one takes longer than to measure a word. */
let set = '';
const fonts = new Map<string, string>();
const widths = new Map<string, number>();

export function textWidth(text: string, size: number, family: keyof typeof FAMILY = 'sans'): number {
  const key = `${family} ${size} ${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    context ??= document.createElement('canvas').getContext('2d');
    if (context === null) return text.length * size * 0.6;
    let font = fonts.get(family);
    if (font === undefined) fonts.set(family, (font = getComputedStyle(document.documentElement).getPropertyValue(FAMILY[family]) || 'sans-serif'));
    const wanted = `${size}px ${font}`;
    if (wanted !== set) context.font = set = wanted;
    width = context.measureText(text).width;
    if (widths.size > 4000) widths.clear();
    widths.set(key, width);
  }
  return width;
}

/** Where the variables of the fonts are: of a page before it is drawn, since asked for amidst that they would have it styled once more; of a figure on a page of others, at its own root. */
export function readFonts(element: Element): void {
  for (const family of ['sans', 'mono'] as const) fonts.set(family, getComputedStyle(element).getPropertyValue(FAMILY[family]));
}

/** The text, or as much of its beginning as fits, with an ellipsis. */
export function fitText(text: string, room: number, size: number, family: keyof typeof FAMILY = 'sans'): string {
  if (textWidth(text, size, family) <= room) return text;
  let length = text.length;
  while (length > 1 && textWidth(`${text.slice(0, length).trimEnd()}…`, size, family) > room) length--;
  return `${text.slice(0, length).trimEnd()}…`;
}
