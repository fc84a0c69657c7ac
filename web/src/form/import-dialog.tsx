/* A Hugging Face config.json, pasted, dropped or opened. It is read by the core, here; it goes nowhere. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ActmemError } from '../../../wasm/actmem';

/* As many bytes as the core reads. What is larger is no config.json, and is not even taken into memory. */
const MOST = 1 << 20;

interface ImportProps {
  /** Called when the dialog opens: what it will need may be loaded. */
  onOpen: () => void;
  /** Rejects if the text is no model that can be answered for; the page then stays as it is. */
  onImport: (json: string) => Promise<void>;
}

export function ImportDialog({ onOpen, onImport }: ImportProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const text = useSignal('');
  const fault = useSignal<string | null>(null);
  const over = useSignal(false);

  const take = async (json: string) => {
    try {
      await onImport(json);
      fault.value = null;
      text.value = '';
      dialog.current?.close();
    } catch (error) {
      fault.value = faultOf(error);
    }
  };
  const takeFile = async (file: File | null | undefined) => {
    if (!file) return;
    text.value = '';
    if (file.size > MOST) {
      fault.value = `${file.name} is larger than 1 MiB: that is no config.json`;
      return;
    }
    try {
      text.value = await file.text();
    } catch (error) {
      fault.value = faultOf(error);
      return;
    }
    await take(text.value);
  };

  const open = () => {
    onOpen();
    if (dialog.current?.open === false) dialog.current.showModal();
  };
  /* A file may be dropped anywhere on the page: a browser would leave it for the file. */
  useEffect(() => {
    const dragged = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return;
      event.preventDefault();
      over.value = event.type === 'dragover';
      if (event.type !== 'drop') return;
      open();
      void takeFile(event.dataTransfer.files[0]);
    };
    const left = (event: DragEvent) => {
      if (event.relatedTarget === null) over.value = false;
    };
    /* Pasted where nothing takes text, as a file is dropped. */
    const pasted = (event: ClipboardEvent) => {
      const json = event.clipboardData?.getData('text') ?? '';
      if (!json.trimStart().startsWith('{') || (event.target instanceof Element && event.target.closest('input, textarea') !== null)) return;
      open();
      text.value = json;
      void take(json);
    };
    addEventListener('paste', pasted);
    addEventListener('dragover', dragged);
    addEventListener('drop', dragged);
    addEventListener('dragleave', left);
    return () => {
      removeEventListener('paste', pasted);
      removeEventListener('dragover', dragged);
      removeEventListener('drop', dragged);
      removeEventListener('dragleave', left);
    };
  }, []);

  return (
    <>
      <button type="button" class="button-quiet" onClick={open}>
        Import a config.json
      </button>
      <dialog ref={dialog} class="import" aria-labelledby="import-title" onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
        <form
          method="dialog"
          data-over={over.value ? '' : undefined}
          onSubmit={(event) => {
            event.preventDefault();
            void take(text.value);
          }}
        >
          <h2 id="import-title">Import a model’s config.json</h2>
          <p>As on the Hugging Face Hub: paste it, drop the file on the page or open it. It is read in this page and goes nowhere.</p>
          <textarea
            aria-label="config.json"
            aria-describedby="import-fault"
            aria-invalid={fault.value !== null || undefined}
            rows={9}
            spellcheck={false}
            placeholder={'{ "model_type": "llama", "hidden_size": 4096, … }'}
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
              fault.value = null;
            }}
          />
          <p class="import-fault" id="import-fault" role="status">
            {fault.value !== null && <span class="fault">{fault.value}. The page stays as it was.</span>}
          </p>
          <div class="import-actions">
            <label class="button-quiet">
              Open a file
              <input
                type="file"
                class="hidden"
                accept=".json,application/json"
                onChange={(event) => {
                  const input = event.currentTarget;
                  /* Emptied, so that the same file, mended, can be opened again. */
                  void takeFile(input.files?.[0]).then(() => {
                    input.value = '';
                  });
                }}
              />
            </label>
            <span class="spring" />
            <button type="button" class="button-quiet" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button type="submit" class="button" disabled={text.value.trim() === ''}>
              Use this model
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}

function faultOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof ActmemError && error.field !== '' && !message.startsWith(error.field) ? `${error.field}: ${message}` : message;
}
