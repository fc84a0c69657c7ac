/* Light or dark: as the page round an element really is, whichever way it says so. */

export type Scheme = 'light' | 'dark';

export const isScheme = (text: string | null): text is Scheme => text === 'light' || text === 'dark';

/** The scheme of the nearest background behind `element`. */
export function schemeOf(element: Element): Scheme {
  for (let at: Element | null = element; at !== null; at = parentOf(at)) {
    const rgba = colourOf(getComputedStyle(at).backgroundColor);
    if (rgba !== null && rgba[3] > 127) return lightness(rgba) < 0.4 ? 'dark' : 'light';
  }
  const named = getComputedStyle(document.documentElement).colorScheme;
  if (!named.includes('dark')) return 'light';
  return !named.includes('light') || matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

function parentOf(element: Element): Element | null {
  if (element.parentElement !== null) return element.parentElement;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

let canvas: CanvasRenderingContext2D | null = null;
const colours = new Map<string, Uint8ClampedArray | null>();

/* Whatever syntax it is written in, as the browser paints it. */
function colourOf(text: string): [number, number, number, number] | null {
  if (text === 'transparent' || text === 'rgba(0, 0, 0, 0)') return null;
  let pixel = colours.get(text);
  if (pixel === undefined) {
    canvas ??= Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
    if (canvas === null) return null;
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    pixel = canvas.getImageData(0, 0, 1, 1).data;
    colours.set(text, pixel);
  }
  return pixel === null ? null : [pixel[0] ?? 0, pixel[1] ?? 0, pixel[2] ?? 0, pixel[3] ?? 0];
}

const lightness = ([red, green, blue]: readonly number[]): number => (0.299 * (red ?? 0) + 0.587 * (green ?? 0) + 0.114 * (blue ?? 0)) / 255;

const watching = new Set<() => void>();
let watched = false;

/** Tells whenever the page may have changed its colours. Returns what ends it. */
export function onScheme(changed: () => void): () => void {
  watching.add(changed);
  if (!watched) {
    watched = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = (): void => watching.forEach((each) => each());
    /* At once, and when colours that change smoothly have arrived. */
    const soon = (): void => {
      tell();
      clearTimeout(timer);
      timer = setTimeout(tell, 400);
    };
    const observer = new MutationObserver(soon);
    for (const element of [document.documentElement, document.body]) observer.observe(element, { attributes: true });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', soon);
  }
  return () => watching.delete(changed);
}
