/* The inputs that matter in a row, the rest of the field table folded below them by group. */
import { useEffect, useRef } from 'preact/hooks';
import { Control } from './control';
import { ImportDialog } from './import-dialog';
import { FIRST, InputRow, type InputsProps, propsOf } from './input-row';

/** In the row above; units are in the header. */
const ELSEWHERE = new Set([...FIRST, 'reentrant', 'units']);

export function Inputs(props: InputsProps) {
  return (
    <form class="inputs" aria-label="Inputs" onSubmit={(event) => event.preventDefault()}>
      <InputRow {...props} keys={FIRST} />
      <Rest {...props} />
    </form>
  );
}

function Rest(props: InputsProps) {
  const { store, answer } = props;
  const details = useRef<HTMLDetailsElement>(null);
  const rest = store.tables.fields.filter((f) => !ELSEWHERE.has(f.key));
  const faulty = rest.some((f) => f.key === answer.fault?.field);
  useEffect(() => {
    if (faulty && details.current !== null) details.current.open = true;
  }, [faulty]);
  const written = rest.filter((f) => store.pairs.value.has(f.key)).length;
  return (
    <div class="inputs-rest">
      <details ref={details}>
        <summary>
          All inputs <span class="quiet">{written === 0 ? `${rest.length} more` : `${written} of ${rest.length} set`}</span>
        </summary>
        {store.tables.groups.map((group) => {
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
      <ImportDialog onOpen={() => void store.needWhole().catch(() => undefined)} onImport={store.importConfig} />
    </div>
  );
}
