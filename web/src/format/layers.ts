import type { LayerKind, Report } from '../../../wasm/report';

/** The kind that most layers are of, of those that keep anything: a schedule's unsaved layers don't. */
export function usualLayer({ saved }: Pick<Report, 'saved'>): LayerKind | undefined {
  return saved.layers.filter((kind) => kind.bytes > 0).reduce<LayerKind | undefined>((best, kind) => (best === undefined || kind.count * kind.layers_each > best.count * best.layers_each ? kind : best), undefined);
}
