/* Wordmark, units, colours. */
import { signal } from '@preact/signals';
import type { Units } from '../../../wasm/report';
import type { Store } from '../state/store';
import { Switch } from './switch';

type Scheme = 'auto' | 'light' | 'dark';
const KEY = 'actmem-scheme';
const scheme = signal<Scheme>(stored());

export function Header({ store }: { store: Store }) {
  return (
    <header class="header">
      <p class="wordmark">
        <a href="./">actmem</a>
      </p>
      <p class="tagline">what a training step keeps in memory, to the byte</p>
      <span class="spring" />
      <Switch
        name="units"
        label="Units"
        value={store.units.value}
        options={[
          ['GiB', 'GiB'],
          ['GB', 'GB'],
          ['bytes', 'bytes'],
        ]}
        onChange={(units: Units) => store.choose({ units })}
      />
      <Switch
        name="scheme"
        label="Colours"
        value={scheme.value}
        options={[
          ['auto', '◐', 'as the system'],
          ['light', '○', 'light'],
          ['dark', '●', 'dark'],
        ]}
        onChange={setScheme}
      />
    </header>
  );
}

export function setScheme(value: Scheme): void {
  scheme.value = value;
  document.documentElement.dataset['scheme'] = value;
  try {
    localStorage.setItem(KEY, value);
  } catch {
    /* A private window: for this visit only. */
  }
}

/* scheme.js has read it before the first paint. */
function stored(): Scheme {
  const value = document.documentElement.dataset['scheme'];
  return value === 'light' || value === 'dark' ? value : 'auto';
}
