/* What the related pages ask for. */
import { type Changes, parseQuery } from '../state/query';
import { cuts } from '../state/series';

/** Memory per GPU: the stages, on so many GPUs unless the visitor says how many. */
export const STAGES: readonly (readonly [name: string, note: string])[] = [
  ['Data parallel alone', 'each GPU holds everything'],
  ['ZeRO 1', 'optimizer states and master weights sharded'],
  ['ZeRO 2', 'gradients sharded too'],
  ['ZeRO 3, FSDP', 'parameters sharded too, gathered layer by layer'],
];
export const GPUS = 8;
export const stagesOn = (gpus: number): Changes[] => STAGES.map((_, zero): Changes => ({ dp: String(gpus), zero: zero === 0 ? null : String(zero), micro_batches: null }));

/** Gradient accumulation: a step's sequences cut in every way, these unless the visitor says how many. */
export const CUT = { batch: '1', micro_batches: '8' };
const numberIn = (text: string, key: string): number => Math.max(1, Number(parseQuery(text).get(key) ?? 1) || 1);
export const sequencesOf = (text: string): number => numberIn(text, 'batch') * numberIn(text, 'micro_batches');
export const cutsOf = (text: string): Changes[] => cuts(sequencesOf(text)).map(([size, count]) => ({ batch: String(size), micro_batches: String(count) }));

/** What a GPU trains: each model in these ways. */
export const WAYS: readonly (readonly [name: string, changes: Changes])[] = [
  ['All weights', {}],
  ['… checkpointed', { checkpoint: 'full' }],
  ['LoRA', { trainable: 'lora' }],
  ['… checkpointed', { trainable: 'lora', checkpoint: 'full' }],
];
