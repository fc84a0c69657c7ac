/* Wordmark, units, colours. */
import { signal } from '@preact/signals';
import type { Units } from '../../../wasm/report';
import type { Store } from '../state/store';
import type { RelatedId } from './related';
import { Switch } from './switch';

type Scheme = 'auto' | 'light' | 'dark';
const KEY = 'actmem-scheme';
const scheme = signal<Scheme>(stored());

export function Header({ store }: { store: Store }) {
  return <Masthead current="calculator" query={store.answer.value.report.query} units={store.units.value} onUnits={(units) => store.choose({ units })} />;
}

interface MastheadProps {
  current: 'calculator' | 'learn' | 'validation' | RelatedId;
  /** The visitor's inputs, which the pages that have them take along. */
  query?: string;
  units: Units;
  onUnits: (units: Units) => void;
}

export function Masthead({ current, query, units, onUnits }: MastheadProps) {
  const hash = query ? `#${query}` : '';
  return (
    <header class="header">
      <p class="wordmark">
        <a href="./">actmem</a>
      </p>
      <p class="tagline">what a training step keeps in memory, to the byte</p>
      <span class="spring" />
      <nav class="pages" aria-label="Pages">
        <a href={`./${hash}`} aria-current={current === 'calculator' ? 'page' : undefined}>
          Calculator
        </a>
        <a href={`./learn.html${hash}`} aria-current={current === 'learn' ? 'page' : undefined}>
          Learn
        </a>
        <a href="./validation.html" aria-current={current === 'validation' ? 'page' : undefined}>
          Validation
        </a>
      </nav>
      <Switch
        name="units"
        label="Units"
        value={units}
        options={[
          ['GiB', 'GiB'],
          ['GB', 'GB'],
          ['bytes', 'bytes'],
        ]}
        onChange={onUnits}
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
