import { defineConfig, type Plugin } from 'vite';
import { announced } from './plugins/announced.ts';
import { offline } from './plugins/offline.ts';
import { contentSecurityPolicy } from './plugins/policy.ts';
import { shadowStyles } from './plugins/shadow-styles.ts';

/* Before the first paint, so neither bundled nor deferred. */
const schemeFirst: Plugin = {
  name: 'scheme-first',
  transformIndexHtml: () => [{ tag: 'script', attrs: { src: './scheme.js' }, injectTo: 'head-prepend' }],
};

export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [schemeFirst, contentSecurityPolicy, announced(['', 'validation.html'], process.env['SITE']), offline],
  css: { postcss: { plugins: [shadowStyles] } },
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: { input: { index: 'index.html', validation: 'validation.html', embed: 'embed.html' } },
    reportCompressedSize: true,
  },
});
