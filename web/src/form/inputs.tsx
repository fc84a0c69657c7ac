/* The inputs that matter in a row, the rest of the field table folded below them by group. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { PageStore } from '../state/page-store';
import { Control } from './control';
import { ImportDialog } from './import-dialog';
import { FIRST, InputRow, type InputsProps, propsOf } from './input-row';

/* In the row above, in the header, with another, or asked for by the page itself. */
const ELSEWHERE = new Set([...FIRST, 'reentrant', 'units', 'fit', 'frontier']);

interface AllInputsProps extends InputsProps {
  store: PageStore;
  /** What else may be done, beside the import. */
  actions?: ComponentChildren;
}

export function Inputs(props: AllInputsProps) {
  return (
    <form class="inputs" aria-label="Inputs" onSubmit={(event) => event.preventDefault()}>
      <InputRow {...props} keys={FIRST} />
      <Rest {...props} />
    </form>
  );
}

/** Some of the inputs. */
export function FewInputs(props: InputsProps & { keys: readonly string[] }) {
  return (
    <form class="inputs" aria-label="Inputs" onSubmit={(event) => event.preventDefault()}>
      <InputRow {...props} />
    </form>
  );
}

function Rest(props: AllInputsProps) {
  const { store, answer, actions } = props;
  const details = useRef<HTMLDetailsElement>(null);
  /* Some 80 controls: made when they are about to be seen. */
  const made = useSignal(false);
  const make = () => {
    made.value = true;
  };
  const rest = store.tables.fields.filter((f) => !ELSEWHERE.has(f.key));
  const faulty = rest.some((f) => f.key === answer.fault?.field);
  useEffect(() => {
    if (!faulty || details.current === null) return;
    make();
    details.current.open = true;
  }, [faulty]);
  const written = rest.filter((f) => store.pairs.value.has(f.key)).length;
  return (
    <div class="inputs-rest">
      <details ref={details} onToggle={make}>
        <summary onPointerEnter={make} onFocus={make}>
          All inputs <span class="quiet">{written === 0 ? `${rest.length} more` : `${written} of ${rest.length} set`}</span>
        </summary>
        {made.value && store.tables.groups.map((group) => {
          const fields = rest.filter((f) => f.group === group);
          if (fields.length === 0) return null;
          return (
            <fieldset key={group}>
              <legend>{group}</legend>
              <div class="inputs-grid">
                {fields.map((field) => (
                  <Control key={field.key} {...propsOf(props, field)} />
                ))}
              </div>
            </fieldset>
          );
        })}
      </details>
      <div class="inputs-actions">
        {actions}
        <ImportDialog onOpen={() => void store.needWhole().catch(() => undefined)} onImport={store.importConfig} />
      </div>
    </div>
  );
}
