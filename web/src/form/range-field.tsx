/* A number to explore: a slider in logarithmic steps beside the field. */
import { formatCount } from '../format/bytes';
import type { ControlProps } from './control';
import { described, Shell } from './shell';
import { nearestStep, stepFrom, stepsOf } from './steps';
import { TypedInput } from './typed-input';

export function RangeField({ field, written, resolved, symbol, fault, brief, onEdit, most }: ControlProps & { most?: number | undefined }) {
  const id = `field-${field.key}`;
  const steps = stepsOf(field, most);
  /* Out of range or not: the thumb then stands at that end. */
  const value = /^\d+$/.test(written ?? '') ? Number(written) : Number(resolved);
  const set = (n: number) => onEdit(String(n));
  return (
    <Shell field={field} id={id} symbol={symbol} fault={fault} brief={brief} class="field-range">
      <div class="range">
        <input
          type="range"
          aria-label={`${field.label}, slider`}
          aria-valuetext={`${formatCount(value)} ${field.unit}`}
          min={0}
          max={steps.length - 1}
          step={1}
          value={nearestStep(steps, value)}
          onInput={(event) => set(steps[Number(event.currentTarget.value)] ?? value)}
        />
        <TypedInput
          id={id}
          numeric
          value={written ?? String(resolved)}
          placeholder={String(resolved)}
          describedBy={described(id, fault)['aria-describedby']}
          invalid={described(id, fault)['aria-invalid']}
          onChange={onEdit}
          onStep={(direction) => set(stepFrom(steps, value, direction))}
        />
      </div>
    </Shell>
  );
}
