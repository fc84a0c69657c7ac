/* embed.html?view=…&still#QUERY: one figure, for a frame on a page that takes no scripts. It tells the page round it how high it is. */
import { define, TAG } from './widget/element';
import { here } from './widget/here';

const asked = new URLSearchParams(location.search);
const figure = document.createElement(TAG);
for (const name of ['view', 'against', 'inputs', 'still', 'scheme']) {
  const value = asked.get(name);
  if (value !== null) figure.setAttribute(name, value);
}
document.documentElement.dataset['scheme'] = asked.get('scheme') ?? '';
const follow = (): void => figure.setAttribute('query', location.hash.replace(/^#/, ''));
follow();
addEventListener('hashchange', follow);
document.body.append(figure);
define(here);

/* Nothing but the height, so it may be told to whatever page: frame.js there checks whom it is from. */
if (parent !== window) new ResizeObserver(() => parent.postMessage({ type: 'actmem:height', height: document.documentElement.offsetHeight }, '*')).observe(document.documentElement);
