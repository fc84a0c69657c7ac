/* Where the element's parts are in the site itself. */
import { loadCore, loadWhole } from '../../../wasm/actmem';
import { coreFile, tablesFile, wholeFile } from '../state/files';
import type { Source } from './element';

export const here: Source = {
  core: () => loadCore(coreFile, tablesFile),
  whole: () => loadWhole(wholeFile),
  frontier: () => import('./frontier-island'),
  page: new URL('.', document.baseURI).href,
};
