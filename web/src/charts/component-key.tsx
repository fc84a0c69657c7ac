/* Which colour is which component, where the picture itself does not say it. */
import { componentName } from '../format/words';

export function ComponentKey({ components }: { components: Iterable<string> }) {
  return (
    <ul class="component-key" data-legend="">
      {[...new Set(components)].map((component) => (
        <li key={component}>
          <svg class={`c-${component}`} width="10" height="10" aria-hidden="true">
            <rect class="swatch" width="10" height="10" />
          </svg>{' '}
          {componentName(component)}
        </li>
      ))}
    </ul>
  );
}
