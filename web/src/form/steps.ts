/* The stops of a slider: 1, 2, 3, 4, 6, 8, 12, …, so that doubling is two stops wherever it starts. */
import type { Field } from '../../../wasm/report';

/* What a slider goes through; the field beside it takes the whole range. */
const EXPLORED: Readonly<Record<string, readonly [number, number]>> = { seq: [128, 131072], batch: [1, 64], dp: [1, 1024], micro_batches: [1, 256] };

/** `limit`: the value that this configuration allows at most, the last stop. */
export function stepsOf(field: Field, limit?: number): number[] {
  const [from, to] = EXPLORED[field.key] ?? [1, 4096];
  const least = Math.max(field.least ?? from, from);
  const most = Math.min(field.most ?? to, to, limit ?? to);
  const steps: number[] = [];
  for (let power = 1; power <= most; power *= 2) {
    for (const step of power === 1 ? [1] : [power, power * 1.5]) if (step >= least && step <= most) steps.push(step);
  }
  if (limit === most && steps.at(-1) !== most) steps.push(most);
  return steps;
}

/** Index of the stop nearest to a value, by ratio. */
export function nearestStep(steps: readonly number[], value: number): number {
  if (value <= 0) return 0;
  let best = 0;
  steps.forEach((step, i) => {
    if (Math.abs(Math.log(step / value)) < Math.abs(Math.log((steps[best] ?? 1) / value))) best = i;
  });
  return best;
}

/** The next stop above or below a value. */
export function stepFrom(steps: readonly number[], value: number, direction: 1 | -1): number {
  return direction > 0 ? (steps.find((s) => s > value) ?? value) : (steps.findLast((s) => s < value) ?? value);
}
