/* Tabs of the phone's page: more of them than have room, and it shows on which side. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { rove } from '../charts/rove';
import { narrow } from '../state/media';

interface TabsProps<T extends string> {
  tabs: readonly (readonly [T, string])[];
  value: T;
  onChange: (id: T) => void;
}

export function Tabs<T extends string>({ tabs, value, onChange }: TabsProps<T>) {
  const row = useRef<HTMLDivElement>(null);
  const more = useSignal('');
  const look = () => {
    if (row.current === null) return; /* the page has become wide since the observer was told */
    const { scrollLeft, scrollWidth, clientWidth } = row.current;
    more.value = `${scrollLeft > 1 ? 'before' : ''} ${scrollLeft < scrollWidth - clientWidth - 1 ? 'after' : ''}`.trim();
  };
  useEffect(() => {
    if (row.current === null) return undefined;
    const watch = new ResizeObserver(look);
    watch.observe(row.current);
    return () => watch.disconnect();
  }, [narrow.value]);
  const shown = useRef(value);
  /* Only sideways: the page stays where it is read. */
  useEffect(() => {
    if (shown.current === value) return;
    shown.current = value;
    const chosen = row.current?.querySelector<HTMLElement>('[aria-selected=true]');
    if (chosen && row.current) row.current.scrollLeft = chosen.offsetLeft - (row.current.clientWidth - chosen.offsetWidth) / 2;
  }, [value]);
  if (!narrow.value) return null;
  return (
    <div class="tabs" role="tablist" aria-label="Views" ref={row} data-more={more.value} onScroll={look} onKeyDown={rove('[role=tab]')}>
      {tabs.map(([id, label]) => (
        <button
          key={id}
          type="button"
          role="tab"
          id={`tab-${id}`}
          aria-controls={`view-${id}`}
          aria-selected={id === value}
          tabIndex={id === value ? 0 : -1}
          onFocus={() => onChange(id)}
          onClick={() => onChange(id)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
