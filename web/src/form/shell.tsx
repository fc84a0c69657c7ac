/* What every control has around it: label, symbol, unit, help or what is wrong. */
import type { ComponentChildren } from 'preact';
import type { Field, SymbolInfo } from '../../../wasm/report';
import { formatCount } from '../format/bytes';
import { activeKey } from '../state/highlight';
import { Glyph } from '../views/math';

export interface ShellProps {
  field: Field;
  id: string;
  symbol: SymbolInfo | undefined;
  fault: string | null;
  /** A short form of the help; the whole is said on hover and by screen readers. */
  brief?: string | undefined;
  /** Said beside the label: how the value came about. */
  note?: string | undefined;
  class?: string;
  children: ComponentChildren;
}

export function Shell({ field, id, symbol, fault, brief, note, class: extra, children }: ShellProps) {
  return (
    <div
      class={`field ${extra ?? ''}`}
      data-field={field.key}
      data-fault={fault === null ? undefined : ''}
      onFocusIn={() => {
        activeKey.value = field.key;
      }}
      onFocusOut={() => {
        activeKey.value = null;
      }}
    >
      <div class="field-head">
        <label for={id}>{field.label}</label>
        {symbol && <Glyph text={symbol.symbol} symbolKey={symbol.key} />}
        <span class="field-note">{note ?? (field.unit === '' || field.unit === field.label.toLowerCase() ? '' : field.unit)}</span>
      </div>
      {children}
      <p class="field-help" id={`${id}-help`} title={fault ?? helpText(field)}>
        {fault !== null ? (
          <span class="fault">{fault}</span>
        ) : brief === undefined || brief === helpText(field) ? (
          helpText(field)
        ) : (
          <>
            <span aria-hidden="true">{brief}</span>
            <span class="hidden">{helpText(field)}</span>
          </>
        )}
      </p>
    </div>
  );
}

/** Help and range, from the table. */
export function helpText(field: Field): string {
  if (field.kind !== 'int' || field.least === undefined || field.most === undefined) return field.help;
  return `${field.help}; ${formatCount(field.least)} to ${formatCount(field.most)}`;
}

/** The beginning of a help text, up to the end of a sentence or clause. */
export function briefHelp(help: string): string {
  const ROOM = 64;
  if (help.length <= ROOM) return help;
  const ends = [...help.matchAll(/(?:[;:,]|(?<!\bal)\.)(?= )|(?= \()/g)].map((m) => m.index).filter((at) => at > 0 && balanced(help.slice(0, at)));
  const clause = help.slice(0, ends.findLast((at) => at <= ROOM) ?? ends[0] ?? help.length);
  const sentence = /^.*?(?=(?:[;:]|(?<!\bal)\.) )/.exec(help)?.[0] ?? help;
  return sentence.length <= ROOM ? sentence : clause;
}

const balanced = (text: string): boolean => text.split('(').length === text.split(')').length;

/** What a control says to assistive technology about its state. */
export function described(id: string, fault: string | null) {
  return { 'aria-describedby': `${id}-help`, 'aria-invalid': fault === null ? undefined : true } as const;
}
