/* The game's board: what each layer does, as the core's input has it and back. */

/** A layer keeps everything, begins a region that runs again, or belongs to the one of the layer before it. */
export type Piece = 'keep' | 'begin' | 'join';

/** What stands there: a region can't be joined where there is none. */
export function settled(pieces: readonly Piece[]): Piece[] {
  return pieces.map((piece, i) => (piece === 'join' && (i === 0 || pieces[i - 1] === 'keep') ? 'begin' : piece));
}

/** "regions:8x1,12x0,3x4", the value of `checkpoint`. */
export function regionsOf(pieces: readonly Piece[]): string {
  const regions: number[] = [];
  for (const piece of settled(pieces)) {
    if (piece === 'join') regions[regions.length - 1] = (regions.at(-1) ?? 0) + 1;
    else regions.push(piece === 'keep' ? 0 : 1);
  }
  const runs: [times: number, layers: number][] = [];
  for (const layers of regions) {
    const last = runs.at(-1);
    if (last?.[1] === layers) last[0]++;
    else runs.push([1, layers]);
  }
  return `regions:${runs.map(([times, layers]) => (times === 1 ? `${layers}` : `${times}x${layers}`)).join(',')}`;
}

/** All layers in regions of `each`, the last one shorter; 0: in none. */
export function equalRegions(layers: number, each: number): Piece[] {
  return Array.from({ length: layers }, (_, i) => (each === 0 ? 'keep' : i % each === 0 ? 'begin' : 'join'));
}

/** The first of the layers in a region of one, the others in none. */
export function firstLayers(layers: number, first: number): Piece[] {
  return Array.from({ length: layers }, (_, i) => (i < first ? 'begin' : 'keep'));
}

export function placed(pieces: readonly Piece[], index: number, piece: Piece): Piece[] {
  return settled(pieces.map((old, i) => (i === index ? piece : old)));
}
