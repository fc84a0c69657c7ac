/* widget.js, beside the page that `vite build` has made: the same whole.wasm, under the same name. */
import { defineConfig } from 'vite';
import { island } from './plugins/island.ts';
import { packed } from './plugins/packed.ts';
import { shadowStyles } from './plugins/shadow-styles.ts';

export default defineConfig({
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [island, packed],
  css: { postcss: { plugins: [shadowStyles] } },
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    emptyOutDir: false,
    copyPublicDir: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: 'src/widget/script.ts',
      output: { format: 'iife', entryFileNames: 'widget.js', assetFileNames: 'assets/[name]-[hash][extname]' },
    },
  },
});
