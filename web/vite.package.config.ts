/* element.js of the package: what a bundler of others takes, so nothing in it is fetched by a name of ours but whole.wasm. */
import { defineConfig } from 'vite';
import { packed } from './plugins/packed.ts';
import { shadowStyles } from './plugins/shadow-styles.ts';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [packed],
  css: { postcss: { plugins: [shadowStyles] } },
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    outDir: '../build/package',
    emptyOutDir: false,
    copyPublicDir: false,
    modulePreload: false,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: 'src/widget/packaged.ts',
      preserveEntrySignatures: 'strict',
      output: { format: 'es', entryFileNames: 'element.js', chunkFileNames: '[name].js' },
    },
  },
});
