/* A text box that tells each keystroke and never takes words out of the visitor's mouth: while it has the focus it shows what was typed. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';

export interface TypedInputProps {
  id: string;
  /** Empty: the placeholder shows instead. */
  value: string;
  placeholder?: string | undefined;
  numeric?: boolean;
  list?: string | undefined;
  describedBy?: string;
  invalid?: boolean | undefined;
  onChange: (text: string) => void;
  /** Arrow keys, for numbers. */
  onStep?: ((direction: 1 | -1) => void) | undefined;
}

export function TypedInput({ id, value, placeholder, numeric, list, describedBy, invalid, onChange, onStep }: TypedInputProps) {
  const draft = useSignal<string | null>(null);
  const fresh = useRef(false);
  return (
    <input
      id={id}
      class={numeric ? 'numeric' : undefined}
      type="text"
      inputMode={numeric ? 'decimal' : 'text'}
      autocomplete="off"
      autocapitalize="off"
      spellcheck={false}
      list={list}
      value={draft.value ?? value}
      placeholder={placeholder ?? ''}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      onFocus={() => {
        fresh.current = true;
      }}
      /* The first click is for another number, the next for a place in this one. */
      onClick={({ currentTarget: box }) => {
        if (fresh.current && numeric && box.selectionStart === box.selectionEnd) box.select();
        fresh.current = false;
      }}
      onInput={(event) => {
        draft.value = event.currentTarget.value;
        onChange(event.currentTarget.value.trim());
      }}
      onKeyDown={(event) => {
        if (onStep === undefined || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
        event.preventDefault();
        draft.value = null;
        onStep(event.key === 'ArrowUp' ? 1 : -1);
      }}
      onBlur={() => {
        draft.value = null;
      }}
    />
  );
}
