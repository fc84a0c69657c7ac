import type { Report } from './index.js';

export type View = 'breakdown' | 'layer' | 'example' | 'checkpoint' | 'frontier' | 'timeline' | 'compare';

/** <activation-memory>, defined by importing this module. */
export interface ActivationMemoryElement extends HTMLElement {
  /** The configuration as it stands, after whatever the reader changed. */
  query: string;
  addEventListener<K extends keyof ActivationMemoryEventMap>(type: K, listener: (this: ActivationMemoryElement, event: ActivationMemoryEventMap[K]) => unknown, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

export interface ActivationMemoryEventMap extends HTMLElementEventMap {
  'actmem-change': CustomEvent<{ query: string; view: View; savedBytes: number; peakBytes: number; report: Report }>;
  'actmem-error': CustomEvent<{ where: string; message: string }>;
}

declare global {
  interface HTMLElementTagNameMap {
    'activation-memory': ActivationMemoryElement;
  }
}
