/* A chart in the width that it has. Its layout is a pure function of it. */
import { useSignal } from '@preact/signals';
import type { ComponentChild, FunctionComponent } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/* Of what was never in sight, and is to be printed. */
const PAPER = 640;

/**
 * The component that draws `chart` into a place of class `name`, as wide as the page makes that. A place that is not there for the eye, as a tab's that is not
 * chosen, has no width, and nothing is drawn into it.
 */
export function sized<Props extends object>(name: string, chart: (props: Props & { width: number }) => ComponentChild): FunctionComponent<Props> {
  const Chart: FunctionComponent<Props & { width: number }> = chart;
  return (props) => {
    const place = useRef<HTMLDivElement>(null);
    const width = useSignal(0);
    useLayoutEffect(() => {
      if (place.current === null) return undefined;
      const take = (now: number) => {
        if (now >= 1) width.value = Math.round(now);
      };
      /* Asked for once: drawn when it is told, a frame's layout would be over, and what stands below would be said to have moved. */
      take(place.current.clientWidth);
      const observer = new ResizeObserver(([entry]) => take(entry?.contentRect.width ?? 0));
      observer.observe(place.current);
      return () => observer.disconnect();
    }, []);
    useEffect(() => {
      const print = () => {
        if (width.value === 0) width.value = PAPER;
      };
      addEventListener('beforeprint', print);
      return () => removeEventListener('beforeprint', print);
    }, []);
    return (
      <div class={name} ref={place}>
        {width.value > 0 && <Chart {...props} width={width.value} />}
      </div>
    );
  };
}
