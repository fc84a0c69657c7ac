/* The element as a package: importing it defines <activation-memory>. */
import { type Core, loadCore, loadWhole } from '../../../wasm/actmem';
import type { Tables } from '../../../wasm/report';
import { length, packed } from '../../made/core.wasm?packed';
import { define } from './element';
import { unpack } from './unpack';

if (typeof customElements !== 'undefined') {
  define({
    core: async (): Promise<Core> => {
      const bytes = await unpack(packed);
      return loadCore(bytes.subarray(0, length), JSON.parse(new TextDecoder().decode(bytes.subarray(length))) as Tables);
    },
    whole: () => loadWhole(new URL(/* @vite-ignore */ './whole.wasm', import.meta.url)),
    frontier: () => import('./frontier-island'),
    page: null,
  });
}
