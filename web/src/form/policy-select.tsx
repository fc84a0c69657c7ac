/* Checkpointing: the policies that the report has plans for. Any other that the grammar allows can be typed. */
import { useSignal } from '@preact/signals';
import type { Plan } from '../../../wasm/report';
import { planId, planName } from '../format/policy';
import type { Answer, Store } from '../state/store';
import type { ControlProps } from './control';
import { described, Shell } from './shell';
import { TypedInput } from './typed-input';

export function choosePlan(store: Store, plan: Pick<Plan, 'policy' | 'reentrant'>): void {
  store.choose({ checkpoint: plan.policy, reentrant: plan.reentrant ? 'yes' : 'no' });
}

export function PolicySelect({ field, written, resolved, fault, brief, answer, store, onEdit }: ControlProps & { answer: Answer; store: Store }) {
  const id = 'field-checkpoint';
  const typing = useSignal(false);
  const { plans } = answer.report.checkpoint;
  /* The report may be of another query. */
  const reentrant = answer.config['reentrant'] === 'yes';
  const chosen = plans.find((p) => (answer.fault === null ? p.chosen : p.policy === (written ?? 'none') && p.reentrant === reentrant));
  const own = typing.value || chosen === undefined || fault !== null;
  return (
    <Shell field={field} id={own ? `${id}-own` : id} symbol={undefined} fault={fault} brief={brief} class="field-policy">
      <div class={own ? 'policy policy-own' : 'policy'}>
        <select
          id={id}
          aria-label={own ? 'Checkpointing, list' : undefined}
          value={own ? '' : planId(chosen)}
          {...described(own ? `${id}-own` : id, null)}
          onChange={(event) => {
            const plan = plans.find((p) => planId(p) === event.currentTarget.value);
            typing.value = plan === undefined;
            if (plan !== undefined) choosePlan(store, plan);
          }}
        >
          {plans.map((plan) => (
            <option key={planId(plan)} value={planId(plan)}>
              {plan.policy === 'none' ? 'none' : `${planName(plan, store.units.value)}: ${plan.label}`}
            </option>
          ))}
          <option value="">other …</option>
        </select>
        {own && (
          <TypedInput
            id={`${id}-own`}
            value={written ?? String(resolved)}
            describedBy={described(`${id}-own`, fault)['aria-describedby']}
            invalid={described(`${id}-own`, fault)['aria-invalid']}
            onChange={onEdit}
          />
        )}
      </div>
    </Shell>
  );
}
