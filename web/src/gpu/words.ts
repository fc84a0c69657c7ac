/* What is said of a run. */
import type { Ending, Measure, Omission } from '../../../wasm/gpu';

export const MEASURE_NAMES: Readonly<Record<Measure, string>> = {
  copy: 'Copy',
  toy: 'Linear-ReLU-Linear',
  'matmul-f32': 'Matrix product, f32',
  'matmul-f16-f32': 'Matrix product, f16, sums in f32',
  'matmul-f16': 'Matrix product, f16',
  mlp: 'MLP of a transformer',
  attention: 'Attention of a transformer',
  softmax: 'Softmax',
};

export const OMISSION_TEXTS: Readonly<Record<Omission, string>> = {
  wrong: 'the GPU’s result was wrong, so its time is not shown',
  memory: 'the GPU had no memory left for it',
  time: 'the time was up',
  clock: 'this browser’s clock cannot tell times of this length',
  refused: 'the browser refused the kernel',
  limits: 'it is beyond this GPU’s limits',
  unsupported: 'the browser offers no f16 on this GPU',
};

export const ENDING_TEXTS: Readonly<Record<Ending, string>> = {
  done: 'Measured.',
  absent: 'This browser has no WebGPU.',
  'no-adapter': 'This browser has WebGPU, but no GPU that it would use.',
  refused: 'The GPU could not be used.',
  lost: 'The GPU was lost while it was measured, by its driver or by another program. What had been measured before holds.',
  cancelled: 'Stopped. What had been measured before holds.',
  hidden: 'Stopped, since the page was hidden and browsers slow such pages down. What had been measured before holds.',
  time: 'The time was up. What had been measured before holds.',
};

/** What to do where nothing can be measured. */
export const WITHOUT =
  'Chrome and Edge have WebGPU on Windows, macOS, ChromeOS and Android, on Linux with recent drivers; Safari from version 26 on; Firefox on Windows and on Macs with Apple’s chips. A page has to come from https or from this machine. Until then choose a GPU of the table, or type device=mine with rates of your own.';
