/* A few exclusive choices in a row: radio buttons drawn as one strip. */
export interface SwitchProps<T extends string> {
  name: string;
  label: string;
  value: T;
  /** Value, text and, if that is only a sign, what is said for it. */
  options: readonly (readonly [value: T, text: string, said?: string])[];
  onChange: (value: T) => void;
}

export function Switch<T extends string>({ name, label, value, options, onChange }: SwitchProps<T>) {
  return (
    <fieldset class="switch">
      <legend class="hidden">{label}</legend>
      {options.map(([option, text, said]) => (
        <label key={option}>
          <input type="radio" name={name} value={option} checked={option === value} onChange={() => onChange(option)} aria-label={said} />
          <span aria-hidden={said === undefined ? undefined : true} title={said}>
            {text}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
