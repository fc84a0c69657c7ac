import { defineConfig, type Plugin, type Rolldown } from 'vite';

/* Nothing inline, nothing from elsewhere. Only in what is built: the dev server styles the page by inline elements. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const contentSecurityPolicy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: policy }, injectTo: 'head-prepend' },
  ],
};

/* Before the first paint, so neither bundled nor deferred. */
const schemeFirst: Plugin = {
  name: 'scheme-first',
  transformIndexHtml: () => [{ tag: 'script', attrs: { src: './scheme.js' }, injectTo: 'head-prepend' }],
};

/* What the calculator loads at once is one file beside its entry: cut up for what other pages share, it would compress worse. */
const page: Rolldown.CodeSplittingNameFunction = (id, modules) => {
  const above = new Set([id]);
  for (const each of above) for (const importer of modules.getModuleInfo(each)?.importers ?? []) above.add(importer);
  return !/\.html$|\/main\.tsx$/.test(id) && [...above].some((each) => each.endsWith('/web/index.html')) ? 'page' : null;
};

export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [schemeFirst, contentSecurityPolicy],
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: 'index.html', learn: 'learn.html', validation: 'validation.html', zero: 'zero.html', accumulation: 'accumulation.html', gpu: 'gpu.html' },
      output: { codeSplitting: { groups: [{ name: page, debugName: 'page' }] } },
    },
    reportCompressedSize: true,
  },
});
