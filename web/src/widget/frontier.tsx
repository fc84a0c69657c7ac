/* The place of the view "frontier". */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { FrontierProps } from './frontier-island';

export type LoadFrontier = () => Promise<{ draw: (place: Element, props: FrontierProps | null) => void }>;

export function Frontier({ load, ...props }: FrontierProps & { load: LoadFrontier }) {
  const place = useRef<HTMLDivElement>(null);
  const island = useSignal<Awaited<ReturnType<LoadFrontier>> | null>(null);
  const fault = useSignal<string | null>(null);
  useEffect(() => {
    load().then(
      (loaded) => (island.value = loaded),
      (error: unknown) => (fault.value = error instanceof Error ? error.message : String(error)),
    );
  }, []);
  useEffect(() => {
    if (place.current !== null) island.value?.draw(place.current, props);
  });
  useEffect(() => () => void (place.current !== null && island.value?.draw(place.current, null)), []);
  return (
    <>
      {island.value === null && (
        <p class="tradeoff-wait" role="status">
          {fault.value === null ? 'Loading the chart …' : <span class="fault">The chart could not be loaded: {fault.value}.</span>}
        </p>
      )}
      <div ref={place} />
    </>
  );
}
