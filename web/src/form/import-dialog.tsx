/* A Hugging Face config.json, pasted, dropped or opened. It is read by the core, here; it goes nowhere. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { ActmemError } from '../../../wasm/actmem';

export function ImportDialog({ onImport }: { onImport: (json: string) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const text = useSignal('');
  const fault = useSignal<string | null>(null);
  const over = useSignal(false);

  const take = (json: string) => {
    text.value = json;
    try {
      onImport(json);
      fault.value = null;
      text.value = '';
      dialog.current?.close();
    } catch (error) {
      if (!(error instanceof ActmemError)) throw error;
      fault.value = error.field === '' ? error.message : `${error.field}: ${error.message}`;
    }
  };
  const takeFile = async (file: File | null | undefined) => {
    if (file) take(await file.text());
  };

  return (
    <>
      <button type="button" class="button-quiet" onClick={() => dialog.current?.showModal()}>
        Import a config.json
      </button>
      <dialog ref={dialog} class="import" aria-labelledby="import-title" onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
        <form
          method="dialog"
          data-over={over.value ? '' : undefined}
          onSubmit={(event) => {
            event.preventDefault();
            take(text.value);
          }}
          onDragOver={(event) => {
            event.preventDefault();
            over.value = true;
          }}
          onDragLeave={() => {
            over.value = false;
          }}
          onDrop={(event) => {
            event.preventDefault();
            over.value = false;
            void takeFile(event.dataTransfer?.files[0]);
          }}
        >
          <h2 id="import-title">Import a model’s config.json</h2>
          <p>As on the Hugging Face Hub: paste it, drop the file here or open it. It is read in this page and goes nowhere.</p>
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
              <input type="file" class="hidden" accept=".json,application/json" onChange={(event) => void takeFile(event.currentTarget.files?.[0])} />
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
