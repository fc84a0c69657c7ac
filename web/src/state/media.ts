/* What the style sheets ask of the window and the page must know too. */
import { signal } from '@preact/signals';

const query = matchMedia('(max-width: 599.9px)');
export const narrow = signal(query.matches);
query.addEventListener('change', () => {
  narrow.value = query.matches;
});

/** How the page goes to another place: at once where the visitor wants no motion. */
export const going = (): ScrollBehavior => (matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth');
