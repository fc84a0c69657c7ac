/* A thread of ask.ts. */
import { ActmemError, loadWhole, type Whole } from '../../../wasm/actmem';
import type { Answers, Asked, Call, Told } from './ask';

let loading: Promise<Whole> | null = null;
const tell = postMessage as (told: Told) => void;
const ANSWERS: { readonly [C in Call]: (core: Whole, text: string) => Answers[C] } = {
  evaluate: (core, text) => core.evaluate(text),
  brief: (core, text) => {
    const { query, fit, cost } = core.evaluate(text);
    return { query, ...(fit && { fit }), ...(cost && { cost }) };
  },
  map: (core, text) => core.map(text),
};

onmessage = async ({ data: { id, call, text, whole } }: MessageEvent<Asked>) => {
  try {
    loading ??= loadWhole(new URL(whole));
    tell({ id, answer: ANSWERS[call](await loading, text) });
  } catch (error) {
    if (error instanceof ActmemError) {
      tell({ id, code: error.code, field: error.field, message: error.message });
      return;
    }
    loading = null;
    tell({ id, code: '', field: '', message: error instanceof Error ? error.message : String(error) });
  }
};
