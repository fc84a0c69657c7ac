/* A thread of ask.ts. */
import { ActmemError, loadWhole, type Whole } from '../../../wasm/actmem';
import type { Asked, Told } from './ask';

let loading: Promise<Whole> | null = null;
const tell = postMessage as (told: Told) => void;

onmessage = async ({ data: { id, call, text, whole } }: MessageEvent<Asked>) => {
  try {
    loading ??= loadWhole(new URL(whole));
    tell({ id, answer: (await loading)[call](text) });
  } catch (error) {
    if (error instanceof ActmemError) {
      tell({ id, code: error.code, field: error.field, message: error.message });
      return;
    }
    loading = null;
    tell({ id, code: '', field: '', message: error instanceof Error ? error.message : String(error) });
  }
};
