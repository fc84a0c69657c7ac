/* <activation-memory view="breakdown" query="model=llama-3-8b&seq=8192">what is shown without it</activation-memory>
 *
 * Attributes: view, query; against (of the view compare); inputs, the keys of the inputs shown; still, for none; scheme, light or dark, in place of the
 * page's own; page, the calculator's address for the link. Events, which bubble: actmem-change with { query, view, savedBytes, peakBytes, report } whenever
 * there is another answer, actmem-error with { where, message }. The property `query` is the configuration as it stands. Nothing of it runs before
 * it is near the window. */
import { computed, signal } from '@preact/signals';
import { render } from 'preact';
import type { Core, Whole } from '../../../wasm/actmem';
import { activationPeak } from '../charts/bar-layout';
import { readFonts } from '../charts/measure';
import { Store } from '../state/store';
import { type Attributes, type FigureState, WidgetRoot } from './figure';
import type { LoadFrontier } from './frontier';
import { isScheme, onScheme, type Scheme, schemeOf } from './scheme';
import { dress } from './sheets';
import css from './styles.css?inline';
import { inTurn } from './turns';

export interface Source {
  core: () => Promise<Core>;
  whole: () => Promise<Whole>;
  frontier: LoadFrontier;
  /** The calculator's address, if it is known where it stands. */
  page: string | null;
}

export const TAG = 'activation-memory';
const NEAR = '400px';

/** Defines the element, once a page. */
export function define(source: Source): void {
  if (customElements.get(TAG) === undefined) customElements.define(TAG, elementOf(source));
}

/* Made here: where there is no document, in a build that renders pages beforehand, HTMLElement does not exist. */
function elementOf({ core, whole, frontier, page }: Source): CustomElementConstructor {
  let loading: Promise<Core> | null = null;
  let rest: Promise<Whole> | null = null;
  /* One core for all figures of a page; after a failure again. */
  const loadCore = (): Promise<Core> => (loading ??= core().catch((error: unknown) => ((loading = null), Promise.reject(error))));
  const loadRest = (): Promise<Whole> => (rest ??= whole().catch((error: unknown) => ((rest = null), Promise.reject(error))));
  let count = 0;

  return class ActivationMemory extends HTMLElement {
    static readonly observedAttributes = ['view', 'query', 'against', 'inputs', 'still', 'scheme', 'page'];

    readonly #attributes = signal<Attributes>(this.#read());
    readonly #named = signal(this.getAttribute('page'));
    readonly #scheme = signal<Scheme>('light');
    readonly #store = signal<Store | null>(null);
    readonly #failure = signal<string | null>(null);
    readonly #prefix = `w${++count}-`;
    #query = this.getAttribute('query') ?? '';
    #changed: (text: string) => void = () => undefined;
    #near: IntersectionObserver | null = null;
    #unwatch: () => void = () => undefined;
    #started = false;

    /** The configuration as it stands, after whatever the reader changed. */
    get query(): string {
      return this.#query;
    }

    set query(text: string) {
      this.setAttribute('query', text);
    }

    connectedCallback(): void {
      if (this.shadowRoot === null) {
        const root = this.attachShadow({ mode: 'open' });
        dress(root, css);
        root.append(document.createElement('slot'));
      }
      if (this.#started) {
        this.#render();
        return;
      }
      this.#near = new IntersectionObserver(
        (seen) => {
          if (!seen.some((entry) => entry.isIntersecting)) return;
          this.#near?.disconnect();
          this.#started = true;
          inTurn(() => void this.#start());
        },
        { rootMargin: NEAR },
      );
      this.#near.observe(this);
    }

    disconnectedCallback(): void {
      this.#near?.disconnect();
      this.#unwatch();
      if (this.#started && this.shadowRoot !== null) render(null, this.shadowRoot);
    }

    attributeChangedCallback(name: string, _before: string | null, text: string | null): void {
      if (name === 'query') {
        this.#query = text ?? '';
        this.#changed(this.#query);
      } else if (name === 'page') this.#named.value = text;
      else this.#attributes.value = this.#read();
      if (name === 'scheme') this.#look();
    }

    #read(): Attributes {
      return {
        view: this.getAttribute('view') ?? 'breakdown',
        against: this.getAttribute('against') ?? '',
        inputs: this.getAttribute('inputs') ?? 'model seq batch checkpoint',
        still: this.hasAttribute('still'),
        scheme: this.getAttribute('scheme') ?? '',
      };
    }

    #look(): void {
      const named = this.getAttribute('scheme');
      this.#scheme.value = isScheme(named) ? named : schemeOf(this);
    }

    async #start(): Promise<void> {
      try {
        const loaded = await loadCore();
        this.#store.value = new Store(loaded, loadRest, {
          read: () => this.#query,
          write: (text) => {
            this.#query = text;
          },
          listen: (changed) => {
            this.#changed = changed;
          },
        });
      } catch (error) {
        this.#failure.value = whyNot(error);
      }
      if (this.isConnected) inTurn(() => this.#render());
    }

    #render(): void {
      const root = this.shadowRoot;
      if (root === null || !this.isConnected) return;
      this.#look();
      this.#unwatch();
      this.#unwatch = onScheme(() => this.#look());
      const state: FigureState = {
        attributes: this.#attributes,
        scheme: this.#scheme,
        page: computed(() => this.#named.value ?? page),
        store: this.#store,
        failure: this.#failure,
        frontier,
        prefix: this.#prefix,
        onChange: (report, view) => this.#tell('actmem-change', { query: report.query, view, savedBytes: report.saved.bytes, peakBytes: activationPeak(report.step), report }),
        onFault: (wrong) => this.#tell('actmem-error', wrong),
      };
      /* Charts measure text before they are there. */
      const fonts = document.createElement('div');
      fonts.className = 'widget';
      root.replaceChildren(fonts);
      readFonts(fonts);
      root.replaceChildren();
      render(<WidgetRoot {...state} />, root);
    }

    #tell(name: string, detail: unknown): void {
      this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
    }
  };
}

/* The one cause that a page's author can do something about is the page's own policy. */
function whyNot(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/unsafe-eval|Content Security Policy|disallowed by embedder/i.test(text)) return "this page's Content-Security-Policy forbids WebAssembly: its script-src needs 'wasm-unsafe-eval'";
  return `the calculator did not start: ${text}`;
}
