/* Tabs of the phone's page. */
import { rove } from '../charts/rove';
import { narrow } from '../state/media';

interface TabsProps<T extends string> {
  tabs: readonly (readonly [T, string])[];
  value: T;
  onChange: (id: T) => void;
}

export function Tabs<T extends string>({ tabs, value, onChange }: TabsProps<T>) {
  if (!narrow.value) return null;
  return (
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown={rove('[role=tab]')}>
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
