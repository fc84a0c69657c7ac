/* The page's own TypeScript modules and the real core, under Node, by Vite. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
const web = join(root, 'web');
const require = createRequire(join(web, 'package.json'));
const { createServer } = await import(pathToFileURL(require.resolve('vite')).href.replace(/index\.cjs$/, 'dist/node/index.js'));

const server = await createServer({ root: web, logLevel: 'error', appType: 'custom', server: { middlewareMode: true, hmr: false, watch: null, ws: false }, optimizeDeps: { noDiscovery: true } });

/** load('src/format/bytes.ts') */
export const load = (path) => server.ssrLoadModule(path.startsWith('wasm/') ? join(root, path) : `/${path}`);
export const close = () => server.close();

const words = async (name) => JSON.parse(await readFile(join(web, 'made', name), 'utf8'));

/** The tables that core.wasm comes with, and the answers of whole.wasm. */
export async function loadCore() {
  const { loadCore, loadWhole } = await load('wasm/actmem.ts');
  const core = await loadCore(await readFile(join(web, 'made/core.wasm')), await words('tables.json'));
  return { ...(await loadWhole(await readFile(join(web, 'made/whole.wasm')))), tables: core.tables };
}
