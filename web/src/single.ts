/* All pages in one file: "?validation" is what validation.html is on a site. */
const PAGES: Readonly<Record<string, () => Promise<unknown>>> = {
  '': () => import('./main'),
  validation: () => import('./validation'),
};

/* "./validation.html#x" is "?validation#x" here. */
document.addEventListener('click', (event) => {
  const link = event.composedPath().find((at): at is HTMLAnchorElement => at instanceof HTMLAnchorElement);
  const [, name = '', hash = ''] = /^\.\/(?:(\w+)\.html)?(#.*)?$/.exec(link?.getAttribute('href') ?? '') ?? [];
  if (link === undefined || !link.getAttribute('href')?.startsWith('./') || PAGES[name] === undefined) return;
  link.setAttribute('href', `?${name}${hash}`);
});

void (PAGES[location.search.slice(1)] ?? PAGES[''])?.();
