/* What the page loads beside its own code, each under a name that changes with its content: versions never mix. */
import core from '../../made/core.wasm?url';
import tables from '../../made/tables.json?url';
import whole from '../../made/whole.wasm?url';

const from = (url: string): URL => new URL(url, document.baseURI);

export const coreFile = from(core);
export const tablesFile = from(tables);
export const wholeFile = from(whole);
