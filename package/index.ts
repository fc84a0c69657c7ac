import type { Whole } from '../wasm/actmem.js';
import type { Report } from '../wasm/report.js';
import { coreFrom } from './core.js';

export { ActmemError, type Whole } from '../wasm/actmem.js';
export type * from '../wasm/report.js';

const core = coreFrom(() => new URL('./whole.wasm', import.meta.url));

/** The core itself, whose `evaluate`, `map` and `import` answer at once. */
export const load: () => Promise<Whole> = core.load;

/** The report on `key=value` text, as `build/actmem --json` prints it. Rejects with ActmemError, which names the input at fault. */
export const evaluate: (text: string) => Promise<Report> = core.evaluate;
