/* widget.js: the element and the core in one script, for any page. What the core leaves to whole.wasm, and the view "frontier", are fetched from where
 * the script came from. */
import { loadWhole } from '../../../wasm/actmem';
import wholeName from '../../made/whole.wasm?url';
import { define } from './element';
import frontierName from './frontier-island.tsx?island';
import { unpack } from './unpack';
/* Last, so that it ends the script: between code, its text would take more room when that is compressed. */
import { length, packed } from '../../made/core.wasm?packed';

/* As a module it is not told which script it is. */
const script = document.currentScript ?? document.querySelector('script[src*="widget.js"]');
const site = new URL('.', script instanceof HTMLScriptElement && script.src !== '' ? script.src : document.baseURI);

define({
  core: () => unpack(packed, length),
  whole: () => loadWhole(new URL(`.${wholeName}`, site)),
  frontier: () => import(/* @vite-ignore */ new URL(`.${frontierName}`, site).href),
  page: site.href,
});
