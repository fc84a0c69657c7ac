/* Of a page that is complete in its file: what makes it live is fetched once it is painted, and takes nothing from that. */
const { module, first } = document.currentScript.dataset;
const from = (file) => new URL(file, document.baseURI).href;
requestAnimationFrame(() =>
  setTimeout(() => {
    for (const file of first.split(' ')) document.head.append(Object.assign(document.createElement('link'), { rel: 'preload', as: 'fetch', crossOrigin: 'anonymous', href: from(file) }));
    void import(from(module));
  }),
);
