/* `import name from 'file?island'`: the module with all that it imports as one file of its own, and that file's path in the site. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { build, type Plugin } from 'vite';
import { shadowStyles } from './shadow-styles.ts';

export const island: Plugin = {
  name: 'island',
  enforce: 'pre',
  async load(id) {
    const file = /^(.*)\?island$/.exec(id)?.[1];
    if (file === undefined) return null;
    const result = await build({
      configFile: false,
      logLevel: 'warn',
      oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
      css: { postcss: { plugins: [shadowStyles] } },
      build: {
        target: ['chrome123', 'firefox121', 'safari17.5'],
        write: false,
        copyPublicDir: false,
        modulePreload: false,
        rolldownOptions: { input: file, preserveEntrySignatures: 'strict', output: { format: 'es' } },
      },
    });
    const { output } = (Array.isArray(result) ? result[0] : result) as { output: { type: string; code?: string }[] };
    const [chunk] = output;
    if (output.length !== 1 || chunk?.code === undefined) throw new Error(`${file}: more than one file`);
    const hash = createHash('sha256').update(chunk.code).digest('base64url').slice(0, 8);
    const fileName = `assets/${basename(file).replace(/\.\w+$/, '')}-${hash}.js`;
    this.emitFile({ type: 'asset', fileName, source: chunk.code });
    return `export default ${JSON.stringify(`/${fileName}`)};`;
  },
};
