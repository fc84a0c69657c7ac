/* The thread of the benchmark: the page stays at its 60 frames a second. */
import { type Running, startBench, type Told } from '../../../wasm/gpu';

export type Asked = { kind: 'start'; module: string; budget: number } | { kind: 'stop'; why: 'cancelled' | 'hidden' };

const tell = postMessage as (told: Told) => void;
let running: Promise<Running> | null = null;

onmessage = async ({ data }: MessageEvent<Asked>) => {
  if (data.kind === 'stop') {
    (await running)?.stop(data.why);
    return;
  }
  const start = performance.now();
  try {
    const response = await fetch(data.module);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trimEnd());
    const module = await response.arrayBuffer();
    running = startBench({ module, gpu: navigator.gpu, budget: data.budget - (performance.now() - start), timestamps: true, tell });
    await running;
  } catch (error) {
    tell({ kind: 'end', ending: 'refused', milliseconds: 0, detail: error instanceof Error ? error.message : String(error) });
  }
};
