/* A roofline: what a GPU reaches at most, by how much is computed with each byte; both axes logarithmic. */
import { formatTick } from '../format/bytes';
import { textWidth } from './measure';
import { scaleLinear } from './scale';

export interface Roof {
  name: string;
  /** GFLOP/s of matrix products, and MB/s. */
  gflops: number;
  bandwidth: number;
}

export interface Point {
  name: string;
  /** FLOP for each byte. */
  intensity: number;
  /** GFLOP/s; null: what the highest roof allows. */
  gflops: number | null;
}

export interface Placed extends Point {
  x: number;
  y: number;
  measured: boolean;
  /** GFLOP/s: measured, or at most. */
  reached: number;
  bound: 'memory' | 'compute';
  /** Of what was measured, where there is room for its name. */
  label: { x: number; y: number } | null;
}

export interface RooflineLayout {
  width: number;
  height: number;
  frame: { left: number; right: number; top: number; bottom: number };
  roofs: { name: string; path: string; labelX: number; labelY: number }[];
  /** From left to right. */
  points: Placed[];
  xTicks: { at: number; text: string }[];
  yTicks: { at: number; text: string }[];
}

/** What a roof allows at an intensity. */
export const under = (roof: Roof, intensity: number): number => Math.min(roof.gflops, (intensity * roof.bandwidth) / 1000);

export function layRoofline(roofs: readonly Roof[], points: readonly Point[], width: number): RooflineLayout {
  const height = width < 520 ? 300 : 360;
  const frame = { left: 56, right: width - 12, top: 28, bottom: height - 44 };
  const best = roofs.reduce<Roof | undefined>((a, b) => (a === undefined || b.gflops > a.gflops ? b : a), undefined);
  if (best === undefined) return { width, height, frame, roofs: [], points: [], xTicks: [], yTicks: [] };
  const ridge = (best.gflops / best.bandwidth) * 1000;
  const intensities = points.map((p) => p.intensity).filter((i) => i > 0);
  const low = Math.floor(Math.log10(Math.min(0.5, ridge / 10, ...intensities)));
  const high = Math.ceil(Math.log10(Math.max(ridge * 10, ...intensities)));
  const rates = [...roofs.map((r) => r.gflops), ...points.map((p) => p.gflops ?? under(best, p.intensity))].filter((rate) => rate > 0);
  const bottom = Math.floor(Math.log10(Math.min(...rates, under(best, 10 ** low))));
  const top = Math.ceil(Math.log10(Math.max(...rates)) + 0.05);
  const x = scaleLinear([low, high], [frame.left, frame.right]);
  const y = scaleLinear([bottom, top], [frame.bottom, frame.top]);
  const at = (intensity: number, gflops: number) => ({ x: x(Math.log10(intensity)), y: y(Math.log10(gflops)) });
  const decades = (from: number, to: number, most: number) => {
    const step = Math.max(1, Math.ceil((to - from) / most));
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
  };
  const drawn = roofs.map((roof) => {
    const start = at(10 ** low, under(roof, 10 ** low));
    const knee = at((roof.gflops / roof.bandwidth) * 1000, roof.gflops);
    return { name: roof.name, path: `M ${start.x} ${start.y} L ${knee.x} ${knee.y} H ${frame.right}`, labelX: frame.right, labelY: knee.y - 6 };
  });
  const placed = points
    .filter((p) => p.intensity > 0)
    .sort((a, b) => a.intensity - b.intensity)
    .map((p): Placed => {
      const reached = p.gflops ?? under(best, p.intensity);
      return { ...p, ...at(p.intensity, reached), measured: p.gflops !== null, reached, bound: p.intensity * best.bandwidth < best.gflops * 1000 ? 'memory' : 'compute', label: null };
    });
  /* Names keep clear of points, of roofs and of each other. */
  const along = roofs.flatMap((roof) =>
    Array.from({ length: 64 }, (_, i): Box => {
      const intensity = 10 ** (low + ((high - low) * i) / 63);
      return boxOf(at(intensity, under(roof, intensity)), 6, 2);
    }),
  );
  const taken = [...along, ...placed.map((p) => boxOf(p, 12, 10)), ...drawn.map((roof) => boxOf({ x: roof.labelX - 12, y: roof.labelY - 4 }, 24, 14))];
  for (const point of placed.filter((p) => p.measured)) {
    const breadth = textWidth(point.name, NAME_SIZE) + 6;
    const place = PLACES.map(([share, dy]) => ({ x: point.x + share * (breadth + 14), y: point.y + dy })).find((p) => {
      const box = boxOf(p, breadth, NAME_SIZE + 2);
      return box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom && taken.every((other) => apart(box, other));
    });
    if (place === undefined) continue;
    point.label = place;
    taken.push(boxOf(place, breadth, NAME_SIZE + 2));
  }
  return {
    width,
    height,
    frame,
    roofs: drawn,
    points: placed,
    xTicks: decades(low, high, width < 520 ? 4 : 8).map((d) => ({ at: x(d), text: power(d) })),
    yTicks: decades(bottom, top, 6).map((d) => ({ at: y(d), text: power(d) })),
  };
}

const NAME_SIZE = 12;
/* Of a name's middle from its point, in widths of the name and in px: beside it, where it is nobody else's, else below or above. */
const PLACES = [0, 16, -16, 32, -32].flatMap((dy) => (dy === 0 ? [0.5, -0.5] : [0, 0.5, -0.5]).map((share) => [share, dy] as const));

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const boxOf = ({ x, y }: { x: number; y: number }, width: number, height: number): Box => ({ left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 });
const apart = (a: Box, b: Box): boolean => a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;

const power = (decade: number): string => (decade >= 0 ? formatTick(10 ** decade) : String(Number((10 ** decade).toFixed(-decade))));
