/* Choose a view, see it, copy what puts it into another page. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { elementSnippet, frameScript, frameSnippet } from '../format/snippet';
import { define, TAG } from '../widget/element';
import { here } from '../widget/here';
import { isView, VIEWS } from '../widget/views';
import { Copyable } from './copyable';
import { Switch } from './switch';

type Way = 'element' | 'frame';

export function EmbedBuilder({ query, site, words }: { query: string; site: string; words: string }) {
  const view = useSignal<string>('breakdown');
  const way = useSignal<Way>('element');
  const still = useSignal(false);
  const scheme = useSignal('');
  const against = useSignal('checkpoint=full');
  const place = useRef<HTMLDivElement>(null);
  const height = useSignal(0);
  const snippet = { site, view: view.value, query, against: against.value, still: still.value, scheme: scheme.value, words };
  useEffect(() => {
    define(here);
    const figure = document.createElement(TAG);
    const attributes = { view: view.value, query, against: against.value, scheme: scheme.value, page: site };
    for (const [name, value] of Object.entries(attributes)) figure.setAttribute(name, value);
    figure.toggleAttribute('still', still.value);
    place.current?.replaceChildren(figure);
    const observer = new ResizeObserver(() => (height.value = figure.offsetHeight));
    observer.observe(figure);
    return () => observer.disconnect();
  }, [view.value, query, against.value, scheme.value, still.value]);
  return (
    <div class="embed-builder">
      <div class="embed-choices">
        <label>
          View{' '}
          <select value={view.value} onChange={({ currentTarget: { value } }) => isView(value) && (view.value = value)}>
            {VIEWS.map(([name, what]) => (
              <option key={name} value={name}>{`${name}: ${what}`}</option>
            ))}
          </select>
        </label>
        {view.value === 'compare' && (
          <label>
            Against, what the second one changes <input type="text" value={against.value} onInput={(event) => (against.value = event.currentTarget.value)} />
          </label>
        )}
        <label>
          Colours{' '}
          <select value={scheme.value} onChange={(event) => (scheme.value = event.currentTarget.value)}>
            <option value="">follow the host page</option>
            <option value="light">light</option>
            <option value="dark">dark</option>
          </select>
        </label>
        <label class="embed-still">
          <input type="checkbox" checked={still.value} onChange={(event) => (still.value = event.currentTarget.checked)} /> still, without inputs
        </label>
        <Switch
          name="way"
          label="By"
          value={way.value}
          options={[
            ['element', 'element'],
            ['frame', 'frame'],
          ]}
          onChange={(value: Way) => (way.value = value)}
        />
      </div>
      {way.value === 'element' ? (
        <>
          <Copyable key="element" text={elementSnippet(snippet)} label="element" rows={5} />
          <p>Include the script once per page, and the element wherever a figure should appear. A Content-Security-Policy has to allow {new URL(site).host || 'this site'} in script-src, with 'wasm-unsafe-eval', and in connect-src.</p>
        </>
      ) : (
        <>
          <Copyable key="frame" text={frameSnippet(snippet, height.value)} label="frame" rows={4} />
          <p>
            The height is that of the figure below. On a page that allows scripts, this one gives each frame the height it needs: <code>{frameScript(site).trim()}</code>
          </p>
        </>
      )}
      <div ref={place} class="embed-preview" />
    </div>
  );
}
