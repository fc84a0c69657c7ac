/* A text to be copied, or saved as a file. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';

interface CopyableProps {
  text: string;
  label: string;
  /** The name of the file that it may be saved as. */
  save?: string | undefined;
  rows?: number;
}

const TYPES: Readonly<Record<string, string>> = { csv: 'text/csv', json: 'application/json' };

export function Copyable({ text, label, save, rows }: CopyableProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const said = useSignal('');
  const copy = async (): Promise<void> => {
    said.value = (await written(text, area.current)) ? 'Copied.' : 'Not copied: the text is selected, copy it by keyboard.';
  };
  const keep = (): void => {
    const address = URL.createObjectURL(new Blob([text], { type: TYPES[save?.split('.').at(-1) ?? ''] ?? 'text/plain' }));
    Object.assign(document.createElement('a'), { href: address, download: save }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    said.value = `Saved as ${save}.`;
  };
  return (
    <div class="copyable">
      <textarea ref={area} readOnly aria-label={label} rows={rows ?? Math.min(16, text.split('\n').length + 1)} value={text} spellcheck={false} wrap={text.includes('\n') ? 'off' : 'soft'} />
      <p class="import-actions">
        <button type="button" class="button" onClick={() => void copy()}>
          Copy
        </button>
        {save !== undefined && (
          <button type="button" class="button-quiet" onClick={keep}>
            Save as {save}
          </button>
        )}
        <span role="status">{said.value}</span>
      </p>
    </div>
  );
}

/* Not every page may write to the clipboard: one opened from a disk asks the old way. */
async function written(text: string, area: HTMLTextAreaElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    area?.select();
    return document.execCommand('copy');
  }
}
