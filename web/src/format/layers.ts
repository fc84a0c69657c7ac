import type { LayerKind, Report } from '../../../wasm/report';

/** The kind that most layers are of. */
export function usualLayer({ saved }: Pick<Report, 'saved'>): LayerKind | undefined {
  return saved.layers.reduce<LayerKind | undefined>((best, kind) => (best === undefined || kind.count * kind.layers_each > best.count * best.layers_each ? kind : best), undefined);
}
