/* The same for Node.js, which does not fetch from a disk. */
import { readFile } from 'node:fs/promises';
import { coreFrom } from './core.js';

export { ActmemError } from '../wasm/actmem.js';
export const { load, evaluate } = coreFrom(() => readFile(new URL('./whole.wasm', import.meta.url)));
