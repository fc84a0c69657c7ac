import { loadWhole, type Whole } from '../wasm/actmem.js';
import type { Report } from '../wasm/report.js';

/** The core, loaded once from wherever `read` has it; after a failure again. */
export function coreFrom(read: () => URL | Promise<BufferSource>) {
  let loading: Promise<Whole> | null = null;
  const start = async (): Promise<Whole> => loadWhole(await read());
  const load = (): Promise<Whole> =>
    (loading ??= start().catch((error: unknown) => {
      loading = null;
      throw error;
    }));
  return { load, evaluate: async (text: string): Promise<Report> => (await load()).evaluate(text) };
}
