/* A row of inputs, each by the control that suits it best. */
import type { Field } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { plural } from '../format/words';
import type { Answer, Store } from '../state/store';
import { Combobox } from './combobox';
import { Control, type ControlProps } from './control';
import { PolicySelect } from './policy-select';
import { RangeField } from './range-field';
import { briefHelp, described, Shell } from './shell';

/** The inputs that matter. */
export const FIRST = ['model', 'seq', 'batch', 'stack', 'attention', 'checkpoint'];
/** Where the field's help has no short beginning. */
const BRIEF: Readonly<Record<string, string>> = {
  stack: 'whose implementation runs',
  attention: 'which attention kernel runs',
  checkpoint: 'what is recomputed instead of kept',
  device: 'the GPU it has to fit on',
  optimizer: 'whose states are held beside the parameters',
};

export interface InputsProps {
  store: Store;
  answer: Answer;
}

export function propsOf({ store, answer }: InputsProps, field: Field): ControlProps {
  return {
    field,
    written: store.pairs.value.get(field.key),
    resolved: answer.config[field.key] ?? '',
    symbol: store.tables.symbols.find((s) => s.key === field.key),
    fault: answer.fault?.field === field.key ? answer.fault.message : null,
    options: field.key === 'device' ? devicesOf(store) : undefined,
    onEdit: (text) => store.edit({ [field.key]: text }),
    onChoose: (text) => store.choose({ [field.key]: text }),
  };
}

/** "NVIDIA H100 SXM, 80.0 GiB"; the last is described by the inputs beside it. */
function devicesOf({ tables, units }: Store): [string, string][] {
  return [...tables.devices.map(({ id, label, memory_bytes: memory }): [string, string] => [id, `${label}, ${formatBytes(memory, units.value)}`]), ['mine', 'one of my own']];
}

/** Some of the inputs, in a row. */
export function InputRow({ keys, ...props }: InputsProps & { keys: readonly string[] }) {
  return (
    <div class="inputs-first">
      {keys.map((key) => {
        const field = props.store.tables.fields.find((f) => f.key === key);
        return field && <First key={key} {...props} field={field} />;
      })}
    </div>
  );
}

function First({ field, ...props }: InputsProps & { field: Field }) {
  const control = { ...propsOf(props, field), brief: BRIEF[field.key] ?? briefHelp(field.help) };
  if (field.key === 'model') return <ModelField {...props} {...control} />;
  if (field.key === 'checkpoint') return <PolicySelect {...control} answer={props.answer} store={props.store} />;
  return field.kind === 'int' ? <RangeField {...control} most={mostOf(props, field)} /> : <Control {...control} />;
}

/** No sequence is longer than the model's learned positions, where their number is given: by default it follows the sequence. */
function mostOf({ store, answer }: InputsProps, field: Field): number | undefined {
  const { config } = answer;
  if (field.key !== 'seq' || config['positions'] !== 'learned') return undefined;
  return store.pairs.value.has('max_positions') || config['model'] !== '' ? Number(config['max_positions']) : undefined;
}

function ModelField({ store, answer, field, fault }: InputsProps & ControlProps) {
  const id = 'field-model';
  const { model } = answer.report;
  const written = store.pairs.value;
  const name = String((fault === null ? undefined : written.get('model')) ?? answer.config['model'] ?? '');
  const changed = store.tables.fields.filter((f) => f.group === 'model' && f.key !== 'model' && written.has(f.key));
  const preset = store.tables.presets.find((p) => p.name === name);
  const source = preset?.source ?? (name === '' ? model.source : '');
  return (
    <Shell
      field={{ ...field, help: source === '' ? field.help : source }}
      brief={briefHelp(source === '' ? field.help : source)}
      id={id}
      symbol={undefined}
      fault={fault}
      class="field-model"
      note={changed.length > 0 && name !== '' ? `${changed.length} ${plural(changed.length, 'inputs')} changed` : undefined}
    >
      <Combobox
        id={id}
        presets={store.tables.presets}
        value={name}
        label={preset?.label ?? (name === '' ? 'A model of its own' : name)}
        describedBy={described(id, fault)['aria-describedby']}
        invalid={fault !== null}
        onChange={store.choosePreset}
      />
    </Shell>
  );
}
