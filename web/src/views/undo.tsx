/* Undo and redo, by button and by key; and the page as it stands, held on to while the inputs change. */
import { useEffect } from 'preact/hooks';
import type { Store } from '../state/store';

/* A text box has its own. */
const typesText = (target: EventTarget | null): boolean => target instanceof HTMLElement && target.matches('input[type=text], textarea');

export function Undo({ store }: { store: Store }) {
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || typesText(event.target)) return;
      const pressed = event.key.toLowerCase();
      if (pressed !== 'z' && pressed !== 'y') return;
      event.preventDefault();
      if (pressed === 'y' || event.shiftKey) store.redo();
      else store.undo();
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, [store]);
  return (
    <span class="undo" role="group" aria-label="History">
      <button type="button" class="button-quiet" disabled={!store.steps.undoes} title="Ctrl+Z" aria-keyshortcuts="Control+Z Meta+Z" onClick={store.undo}>
        Undo
      </button>
      <button type="button" class="button-quiet" disabled={!store.steps.redoes} title="Ctrl+Shift+Z" aria-keyshortcuts="Control+Shift+Z Meta+Shift+Z" onClick={store.redo}>
        Redo
      </button>
      <button type="button" class="button-quiet" onClick={() => store.compare(store.answer.value.report.query)}>
        Compare with this
      </button>
    </span>
  );
}
