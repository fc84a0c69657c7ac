/* Of a page that is complete in its file: what makes it live is fetched once it is seen, and takes nothing from that. A frame is drawn some time before it is
 * shown; where the browser does not say when it was, the frame has to do. */
const { modules, first } = document.currentScript.dataset;
const from = (files) => files.split(' ').map((file) => new URL(file, document.baseURI).href);
const ask = (how) => document.head.append(Object.assign(document.createElement('link'), how));
let begun = false;
const begin = async () => {
  if (begun) return;
  begun = true;
  for (const href of from(modules)) ask({ rel: 'modulepreload', href });
  for (const href of from(first)) ask({ rel: 'preload', as: 'fetch', crossOrigin: 'anonymous', href });
  for (const module of from(modules)) await import(module);
};
if (PerformanceObserver.supportedEntryTypes.includes('paint')) new PerformanceObserver(begin).observe({ type: 'paint', buffered: true });
else requestAnimationFrame(() => setTimeout(begin));
