/* All pages in one file: "?validation" is what validation.html is on a site. */
import learnPage from '../learn.html?raw';

/* One of those that tell by the document which they are. */
const related = (name: string) => async (): Promise<unknown> => {
  document.documentElement.dataset['page'] = name;
  await import('./styles/related.css');
  return import('./related/main');
};

async function learn(): Promise<unknown> {
  const { title, body } = new DOMParser().parseFromString(learnPage, 'text/html');
  document.title = title;
  document.body.replaceChildren(...body.childNodes);
  await import('./styles/learn.css');
  return import('./learn');
}

const PAGES: Readonly<Record<string, () => Promise<unknown>>> = {
  '': () => import('./main'),
  learn,
  validation: () => import('./validation'),
  zero: related('zero'),
  accumulation: related('accumulation'),
  gpu: related('gpu'),
};

/* "./validation.html#x" is "?validation#x" here. */
document.addEventListener('click', (event) => {
  const link = event.composedPath().find((at): at is HTMLAnchorElement => at instanceof HTMLAnchorElement);
  const [, name = '', hash = ''] = /^\.\/(?:(\w+)\.html)?(#.*)?$/.exec(link?.getAttribute('href') ?? '') ?? [];
  if (link === undefined || !link.getAttribute('href')?.startsWith('./') || PAGES[name] === undefined) return;
  link.setAttribute('href', `?${name}${hash}`);
});

void (PAGES[location.search.slice(1)] ?? PAGES[''])?.();
