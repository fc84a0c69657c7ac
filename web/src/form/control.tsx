/* A control for any input of the field table, by its kind. */
import { useId } from 'preact/hooks';
import type { Field, SymbolInfo, Value } from '../../../wasm/report';
import { choiceText } from '../format/words';
import { described, Shell } from './shell';
import { TypedInput } from './typed-input';

export interface ControlProps {
  field: Field;
  /** The value in the query as written; undefined if it is not there. */
  written: string | undefined;
  /** The value in the last good report. */
  resolved: Value;
  symbol: SymbolInfo | undefined;
  fault: string | null;
  /** What a text field is chosen from: values and their texts. */
  options?: readonly (readonly [value: string, text: string])[] | undefined;
  /** Said below instead of the whole help. */
  brief?: string | undefined;
  /** An empty text takes the input out of the query. */
  onEdit: (text: string) => void;
  onChoose: (text: string) => void;
}

export function Control(props: ControlProps) {
  if (props.options !== undefined) return <ChoiceControl {...props} choices={props.options.map(([value]) => value)} />;
  switch (props.field.kind) {
    case 'choice':
      return <ChoiceControl {...props} choices={props.field.choices ?? []} />;
    case 'flag':
      return <ChoiceControl {...props} choices={['yes', 'no']} />;
    default:
      return <TextControl {...props} />;
  }
}

function TextControl({ field, written, resolved, symbol, fault, brief, onEdit }: ControlProps) {
  const id = useId();
  const numeric = field.kind === 'int' || field.kind === 'ratio';
  const step = (direction: 1 | -1) => {
    const by = field.kind === 'ratio' ? 0.05 : 1;
    const next = Math.max(field.least ?? 0, Number(resolved) + direction * by);
    onEdit(field.kind === 'ratio' ? String(Math.round(Math.min(next, 0.95) * 100) / 100) : String(Math.min(next, field.most ?? next)));
  };
  return (
    <Shell field={field} id={id} symbol={symbol} fault={fault} brief={brief} note={written === undefined ? undefined : 'changed'}>
      <TypedInput
        id={id}
        numeric={numeric}
        value={written ?? ''}
        placeholder={String(resolved)}
        describedBy={described(id, fault)['aria-describedby']}
        invalid={described(id, fault)['aria-invalid']}
        onChange={onEdit}
        onStep={numeric ? step : undefined}
      />
    </Shell>
  );
}

function ChoiceControl({ field, written, resolved, symbol, fault, brief, onChoose, choices, options }: ControlProps & { choices: readonly string[] }) {
  const id = useId();
  const derived = field.default === null;
  const known = written === undefined || choices.includes(written);
  return (
    <Shell field={field} id={id} symbol={symbol} fault={fault} brief={brief} note={written === undefined ? undefined : 'changed'}>
      <select
        id={id}
        value={written ?? (derived ? '' : String(resolved))}
        {...described(id, fault)}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {derived && <option value="">{`auto: ${resolved}`}</option>}
        {!known && <option value={written}>{written}</option>}
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {options?.find(([value]) => value === choice)?.[1] ?? (field.kind === 'choice' ? choiceText(field, choice) : choice)}
          </option>
        ))}
      </select>
    </Shell>
  );
}
