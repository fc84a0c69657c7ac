/* The button that opens what there is to share; the rest comes when it is pressed. */
import { useSignal } from '@preact/signals';
import type { Store } from '../state/store';

const load = () => import('./share-dialog');

export function ShareButton({ store }: { store: Store }) {
  const part = useSignal<Awaited<ReturnType<typeof load>> | null>(null);
  const open = useSignal(false);
  const press = async (): Promise<void> => {
    part.value ??= await load().catch(() => null);
    open.value = true;
  };
  return (
    <>
      <button type="button" class="button-quiet share-button" aria-haspopup="dialog" onClick={() => void press()}>
        Share
      </button>
      {open.value && (part.value === null ? <span class="fault" role="status">not loaded; try again</span> : <part.value.ShareDialog store={store} onClose={() => (open.value = false)} />)}
    </>
  );
}
