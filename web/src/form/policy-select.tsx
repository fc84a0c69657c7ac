/* Checkpointing: the policies that the report has plans for. Any other that the grammar allows can be typed. */
import { useSignal } from '@preact/signals';
import type { Plan, Report } from '../../../wasm/report';
import type { Store } from '../state/store';
import type { ControlProps } from './control';
import { described, Shell } from './shell';
import { TypedInput } from './typed-input';

/** "every:2", "full, reentrant": what tells a plan from the others. */
export const planId = (plan: Pick<Plan, 'policy' | 'reentrant'>): string => plan.policy + (plan.reentrant ? ', reentrant' : '');

export function choosePlan(store: Store, plan: Pick<Plan, 'policy' | 'reentrant'>): void {
  store.choose({ checkpoint: plan.policy, reentrant: plan.reentrant ? 'yes' : 'no' });
}

export function PolicySelect({ field, written, resolved, fault, report, store, onEdit }: ControlProps & { report: Report; store: Store }) {
  const id = 'field-checkpoint';
  const typing = useSignal(false);
  const { plans } = report.checkpoint;
  const chosen = plans.find((p) => p.chosen);
  const own = typing.value || chosen === undefined || fault !== null;
  return (
    <Shell field={field} id={own ? `${id}-own` : id} symbol={undefined} fault={fault} class="field-policy">
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
              {plan.policy === 'none' ? 'none' : `${planId(plan)}: ${plan.label}`}
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
