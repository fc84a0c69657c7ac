/* The element as a package: importing it defines <activation-memory>. */
import { loadWhole } from '../../../wasm/actmem';
import { length, packed } from '../../made/core.wasm?packed';
import { define } from './element';
import { unpack } from './unpack';

if (typeof customElements !== 'undefined') {
  define({
    core: () => unpack(packed, length),
    whole: () => loadWhole(new URL(/* @vite-ignore */ './whole.wasm', import.meta.url)),
    frontier: () => import('./frontier-island'),
    page: null,
  });
}
