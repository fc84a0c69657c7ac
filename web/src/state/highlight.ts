/* Which tensor the visitor points at: the same one lights up in the picture, the bar and the table. */
import { signal } from '@preact/signals';

/** Id of a row (see ledger.ts); null if none. */
export const hot = signal<string | null>(null);
/** The one whose description is shown: stays when the pointer leaves. */
export const looked = signal<string | null>(null);
/** Key of the input being changed: its symbol lights up in the formulas. */
export const activeKey = signal<string | null>(null);

export function point(id: string | null): void {
  hot.value = id;
  if (id !== null) looked.value = id;
}

/** Handlers for an element that stands for a row. */
export function pointing(id: string) {
  return {
    onPointerEnter: () => point(id),
    onPointerLeave: () => point(null),
    onFocus: () => point(id),
    onBlur: () => point(null),
  };
}
