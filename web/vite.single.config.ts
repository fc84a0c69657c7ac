/* One file with everything in it, which opens from a disk: build/actmem.html. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';
import { shadowStyles } from './plugins/shadow-styles.ts';

/* Nothing but what is in the file: its scripts and styles by their hashes, its data by their addresses. */
const policyOf = (html: string): string => {
  const hashes = (tag: string): string =>
    [...html.matchAll(new RegExp(`<${tag}\\b[^>]*>([\\s\\S]*?)</${tag}>`, 'g'))].map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ');
  return [
    "default-src 'none'",
    `script-src ${hashes('script')} 'wasm-unsafe-eval'`,
    `style-src ${hashes('style')}`,
    'worker-src blob:',
    'img-src data: blob:',
    'connect-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
};

const sealed: Plugin = {
  name: 'sealed',
  enforce: 'post',
  generateBundle: {
    order: 'post',
    handler(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !file.fileName.endsWith('.html')) continue;
        const html = String(file.source).replace(/<link rel="(?:preload|modulepreload|manifest)"[^>]*>\s*/g, '');
        file.source = html.replace('<head>', `<head>\n    <meta http-equiv="Content-Security-Policy" content="${policyOf(html)}" />`);
      }
    },
  },
};

/* A worker's code cannot be fetched from a disk: it is carried along. */
const workersInside: Plugin = {
  name: 'workers-inside',
  enforce: 'pre',
  transform(code, id) {
    if (!/\/src\/.*\.tsx?$/.test(id)) return null;
    const imports: string[] = [];
    const changed = code.replace(/new Worker\(new URL\('([^']+)', import\.meta\.url\), \{ type: 'module' \}\)/g, (_, path: string) => {
      imports.push(`import Inside${imports.length} from '${path}?worker&inline';`);
      return `new Inside${imports.length - 1}()`;
    });
    return imports.length === 0 ? null : { code: `${imports.join('\n')}\n${changed}`, map: null };
  },
};

const schemeInside: Plugin = {
  name: 'scheme-inside',
  transformIndexHtml: () => [{ tag: 'script', children: readFileSync('public/scheme.js', 'utf8'), injectTo: 'head-prepend' }],
};

export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [workersInside, schemeInside, viteSingleFile({ removeViteModuleLoader: true }), sealed],
  css: { postcss: { plugins: [shadowStyles] } },
  worker: { format: 'iife' }, // a blob's module does not start from a disk
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    outDir: '../build/single',
    emptyOutDir: true,
    copyPublicDir: false,
    modulePreload: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    rolldownOptions: { checks: { pluginTimings: false }, input: 'single.html' },
  },
});
