import { defineConfig, type Plugin, type Rolldown } from 'vite';
import { paintedFirst } from './plugins/after-paint.ts';
import { announced } from './plugins/announced.ts';
import { masthead } from './plugins/masthead.ts';
import { offline } from './plugins/offline.ts';
import { contentSecurityPolicy } from './plugins/policy.ts';
import { shadowStyles } from './plugins/shadow-styles.ts';
import { statedPages } from './plugins/stated.ts';

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
  plugins: [schemeFirst, masthead, statedPages, contentSecurityPolicy, announced(['', 'learn.html', 'validation.html', 'zero.html', 'accumulation.html', 'gpu.html'], process.env['SITE']), paintedFirst(['learn.html', 'zero.html', 'accumulation.html', 'gpu.html']), offline],
  css: { postcss: { plugins: [shadowStyles] } },
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: 'index.html', learn: 'learn.html', validation: 'validation.html', zero: 'zero.html', accumulation: 'accumulation.html', gpu: 'gpu.html', embed: 'embed.html' },
      output: { codeSplitting: { groups: [{ name: page, debugName: 'page' }] } },
    },
    reportCompressedSize: true,
  },
});
