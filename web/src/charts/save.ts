/* A chart as a file of its own: the page's styles written into it, its colours as every program knows them. */
import type { PictureKind } from './frame';

/* What the page's style sheets set of charts. */
const PROPERTIES = ['fill', 'fill-opacity', 'stroke', 'stroke-opacity', 'stroke-width', 'stroke-dasharray', 'stroke-linejoin', 'paint-order', 'opacity', 'font-family', 'font-size', 'font-weight', 'font-style'] as const;
const COLOURS: ReadonlySet<string> = new Set(['fill', 'stroke']);
const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = 16;
const HEAD = 26;
const FOOT = 24;
/* Of the legend: a line's height, and what stands between a swatch, its text and the next. */
const LINE = 19;
const GAP = 6;
const BETWEEN = 20;
const LEGEND_SIZE = 12;
/* Pixels of the file for one of the page. */
const DENSITY = 2;

interface Caption {
  name: string;
  title: string;
  query: string;
  /** Entries, each an <svg> and its text; what has data-note is left to the page. */
  legend: readonly HTMLElement[];
}

export async function savePicture(chart: SVGSVGElement, caption: Caption, kind: PictureKind): Promise<void> {
  const { text, width, height } = standalone(chart, caption);
  download(kind === 'svg' ? new Blob([text], { type: 'image/svg+xml' }) : await raster(text, width, height), `${caption.name}.${kind}`);
}

/** The chart as a document that needs nothing of the page. */
export function standalone(chart: SVGSVGElement, { title, query, legend }: Caption): { text: string; width: number; height: number } {
  const box = chart.viewBox.baseVal;
  const width = Math.ceil(box.width) + 2 * MARGIN;
  const entries = layLegend(legend, width - MARGIN);
  const legendHeight = entries.length === 0 ? 0 : ((entries.at(-1)?.line ?? 0) + 1) * LINE + GAP;
  const height = Math.ceil(box.height) + 2 * MARGIN + HEAD + legendHeight + FOOT;
  const root = getComputedStyle(document.documentElement);
  const picture = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({ xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}`, 'font-family': 'system-ui, sans-serif' })) picture.setAttribute(name, String(value));
  const add = (name: string, attributes: Record<string, string | number>, text = ''): void => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.textContent = text;
    picture.append(element);
  };
  add('title', {}, title);
  add('rect', { width, height, fill: plain(root.backgroundColor) });
  add('text', { x: MARGIN, y: MARGIN + 12, fill: plain(root.color), 'font-size': 15, 'font-weight': 600 }, title);
  add('text', { x: MARGIN, y: height - MARGIN, fill: plain(root.color), 'fill-opacity': 0.7, 'font-size': 11 }, `actmem ${query}`);
  const copy = styled(chart);
  for (const [name, value] of [['x', MARGIN], ['y', MARGIN + HEAD], ['width', box.width], ['height', box.height], ['overflow', 'visible']]) copy.setAttribute(String(name), String(value));
  picture.append(copy);
  for (const { swatch, text, x, line } of entries) {
    const y = MARGIN + HEAD + Math.ceil(box.height) + GAP + line * LINE;
    if (swatch !== null) {
      const mark = styled(swatch);
      for (const [name, value] of [['x', x], ['y', y + 1]]) mark.setAttribute(String(name), String(value));
      picture.append(mark);
    }
    add('text', { x: x + (swatch === null ? 0 : swatch.width.baseVal.value + GAP), y: y + 10, fill: plain(root.color), 'font-size': LEGEND_SIZE }, text);
  }
  const patterns = patternsOf(picture);
  if (patterns !== null) picture.prepend(patterns);
  return { text: new XMLSerializer().serializeToString(picture), width, height };
}

/* The legend's entries from left to right, on as many lines as they need. */
function layLegend(legend: readonly HTMLElement[], right: number): { swatch: SVGSVGElement | null; text: string; x: number; line: number }[] {
  const measure = document.createElement('canvas').getContext('2d');
  if (measure !== null) measure.font = `${LEGEND_SIZE}px ${getComputedStyle(document.documentElement).fontFamily}`;
  let x = MARGIN;
  let line = 0;
  return legend.map((entry) => {
    const swatch = entry.querySelector('svg');
    const said = [...entry.childNodes].filter((node) => node !== swatch && !(node instanceof HTMLElement && node.dataset['note'] !== undefined));
    const text = said.map((node) => node.textContent?.trim() ?? '').filter((part) => part !== '').join(' ');
    const width = (swatch === null ? 0 : swatch.width.baseVal.value + GAP) + (measure?.measureText(text).width ?? text.length * 7);
    if (x > MARGIN && x + width > right) {
      x = MARGIN;
      line++;
    }
    const place = { swatch, text, x, line };
    x += width + BETWEEN;
    return place;
  });
}

/* A copy with each element's computed style as attributes, where it differs from what the element has from around it. */
function styled(element: SVGElement): SVGElement {
  const copy = element.cloneNode(true) as SVGElement;
  const originals = [element, ...element.querySelectorAll<SVGElement>('*')];
  const copies = [copy, ...copy.querySelectorAll<SVGElement>('*')];
  const inherited = new Map<Element, Map<string, string>>();
  originals.forEach((original, i) => {
    const target = copies[i];
    if (target === undefined) return;
    const style = getComputedStyle(original);
    const around = original === element ? undefined : inherited.get(original.parentElement as Element);
    const own = new Map<string, string>();
    for (const property of PROPERTIES) {
      const value = COLOURS.has(property) ? plain(style.getPropertyValue(property)) : style.getPropertyValue(property);
      own.set(property, value);
      /* Opacity is not inherited. */
      const before = property === 'opacity' ? '1' : around?.get(property);
      if (value !== before) target.setAttribute(property, value);
    }
    inherited.set(original, own);
    for (const name of [...target.getAttributeNames()]) if (/^(class|style|role|tab-?index|aria-|data-)/.test(name)) target.removeAttribute(name);
  });
  return copy;
}

/* The hatchings that it uses, which stand elsewhere on the page. */
function patternsOf(picture: SVGElement): SVGElement | null {
  const ids = new Set([...picture.querySelectorAll('[fill^="url("]')].map((e) => /#([\w-]+)/.exec(e.getAttribute('fill') ?? '')?.[1]).filter((id) => id !== undefined));
  if (ids.size === 0) return null;
  const defs = document.createElementNS(SVG, 'defs');
  for (const id of ids) {
    const pattern = document.getElementById(id);
    if (pattern instanceof SVGElement) defs.append(styled(pattern));
  }
  return defs;
}

let pixel: CanvasRenderingContext2D | null = null;

/* "#1340a5" of what CSS computes, which may be a colour that other programs do not know. What is no colour stays. */
function plain(colour: string): string {
  if (colour === 'none' || colour.startsWith('url(')) return colour.replace(/url\("?.*?(#[\w-]+)"?\)/, 'url($1)');
  if (/^rgba\(0, 0, 0, 0\)$|^transparent$/.test(colour)) return 'none';
  pixel ??= Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  if (pixel === null) return colour;
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = colour;
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pixel.getImageData(0, 0, 1, 1).data;
  return `#${[red, green, blue].map((n) => (n ?? 0).toString(16).padStart(2, '0')).join('')}`;
}

async function raster(text: string, width: number, height: number): Promise<Blob> {
  const image = new Image(width, height);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: width * DENSITY, height: height * DENSITY });
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob === null ? reject(new Error('this browser draws no picture of that size')) : resolve(blob)), 'image/png'));
}

function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
