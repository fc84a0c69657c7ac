/* The presets, searched by typing: the ARIA combobox pattern with a list below it. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Preset } from '../../../wasm/report';
import { formatParameters } from '../format/bytes';

export interface ComboboxProps {
  id: string;
  presets: readonly Preset[];
  /** Name of the chosen preset; empty if the model is of its own. */
  value: string;
  label: string;
  describedBy: string;
  invalid: boolean;
  onChange: (name: string) => void;
}

export function Combobox({ id, presets, value, label, describedBy, invalid, onChange }: ComboboxProps) {
  const open = useSignal(false);
  const search = useSignal<string | null>(null);
  const active = useSignal(0);
  const list = useRef<HTMLUListElement>(null);
  /* Closed it has none: all of them would be most of the page. */
  const found = open.value ? matching(presets, search.value ?? '') : [];
  const at = Math.min(active.value, found.length - 1);

  const show = (text: string | null) => {
    search.value = text;
    active.value = text === null ? Math.max(0, presets.findIndex((p) => p.name === value)) : 0;
    open.value = true;
  };
  const close = () => {
    open.value = false;
    search.value = null;
  };
  const choose = (preset: Preset | undefined) => {
    close();
    if (preset !== undefined) onChange(preset.name);
  };

  useEffect(() => {
    if (open.value) list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [open.value, at]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!open.value) show(null);
      else if (found.length > 0) active.value = (at + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length;
    } else if (event.key === 'Enter' && open.value) {
      event.preventDefault();
      choose(found[at]);
    } else if (event.key === 'Escape' && open.value) {
      event.preventDefault();
      close();
    }
  };

  return (
    <div class="combobox">
      <input
        id={id}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        aria-expanded={open.value}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open.value && found[at] !== undefined ? `${id}-${found[at].name}` : undefined}
        aria-describedby={describedBy}
        aria-invalid={invalid || undefined}
        value={search.value ?? label}
        onClick={(event) => {
          event.currentTarget.select();
          if (!open.value) show(null);
        }}
        onInput={(event) => show(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={close}
      />
      <ul id={`${id}-list`} ref={list} class="combobox-list" role="listbox" aria-label="Models" hidden={!open.value}>
        {found.map((preset, i) => (
          <li
            key={preset.name}
            id={`${id}-${preset.name}`}
            role="option"
            aria-selected={i === at}
            data-chosen={preset.name === value ? '' : undefined}
            onPointerDown={(event) => event.preventDefault()}
            onPointerEnter={() => {
              active.value = i;
            }}
            onClick={() => choose(preset)}
          >
            <span>{preset.label}</span>
            <span class="combobox-size">{preset.parameters === null ? '' : formatParameters(preset.parameters)}</span>
          </li>
        ))}
        {open.value && found.length === 0 && (
          <li class="combobox-none" role="option" aria-selected={false} aria-disabled>
            No preset of that name. Set its shape under “All inputs”, or import its config.json.
          </li>
        )}
      </ul>
    </div>
  );
}

/** Presets with every word of the search in their name, their label or where they are published, which names the organisation. */
export function matching(presets: readonly Preset[], search: string): Preset[] {
  const words = search.toLowerCase().split(/[\s-]+/).filter((w) => w !== '');
  return presets.filter((p) => words.every((w) => `${p.name} ${p.label} ${p.source}`.toLowerCase().includes(w)));
}
