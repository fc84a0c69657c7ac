/* The related pages' answers in words: said by the page itself, and in its file for the inputs as they are before anything is chosen. */
import type { Bytes, Preset } from '../../../wasm/report';
import { formatCount, formatParameters } from '../format/bytes';
import { plural } from '../format/words';

/** A sentence, with its figures in bytes. */
export type Said = readonly (string | { bytes: Bytes })[];

export const zeroSaid = (who: string, gpus: number, alone: Bytes, sharded: Bytes): Said => [
  `${who} on ${formatCount(gpus)} ${plural(gpus, 'GPUs')}, each with its own micro-batch, takes `,
  { bytes: alone },
  ' per GPU with plain data parallelism, and ',
  { bytes: sharded },
  ' with everything sharded by ZeRO 3, as FSDP does.',
];

export const accumulationSaid = (who: string, sequences: number, whole: Bytes, count: number, finest: Bytes): Said => [
  `${who} with ${formatCount(sequences)} ${plural(sequences, 'sequences')} per step takes `,
  { bytes: whole },
  ' as one micro-batch, and ',
  { bytes: finest },
  ` as ${formatCount(count)} micro-batches with accumulated gradients.`,
];

/** The largest model in full, with full checkpointing, and with adapters too; what two of them train alike is said once. */
export function gpuSaid(gpu: string, full: Preset | undefined, checkpointed: Preset | undefined, both: Preset | undefined): Said {
  /* Most names say how large the model is. */
  const named = (preset: Preset | undefined): string =>
    preset === undefined ? 'none' : /\d[BM]\b/.test(preset.label) ? preset.label : `${preset.label} (${formatParameters(preset.parameters ?? 0)})`;
  const first = full === undefined ? 'none of the table’s models' : `models up to ${named(full)}`;
  const second = checkpointed === full ? ', with or without full checkpointing' : `, ${named(checkpointed)} with full checkpointing`;
  const third = both !== undefined && both === checkpointed ? 'no larger ones' : named(both);
  return [`${gpu} trains ${first} with all weights${second}, and ${third} with LoRA adapters and checkpointing.`];
}
