/* Names of checkpointing policies. */
import type { Plan, Units } from '../../../wasm/report';
import { formatBytes } from './bytes';

/** "every:2", "full, reentrant": what tells a plan from the others. */
export const planId = (plan: Pick<Plan, 'policy' | 'reentrant'>): string => plan.policy + (plan.reentrant ? ', reentrant' : '');

/** "budget:35.0 GiB": a policy's size as the page writes sizes. In the query it stays in bytes, or in the unit that it was given in. */
export const policyText = (policy: string, units: Units): string => policy.replace(/^(budget|rotor):(\d+)B?$/, (_, name: string, bytes: string) => `${name}:${formatBytes(Number(bytes), units)}`);

/** "best (every:7)": the policy and, where it found its number of layers itself, which. */
export function planName(plan: Plan, units: Units): string {
  const each = plan.layers_each ?? null;
  return (each === null || plan.policy.includes(':') ? policyText(plan.policy, units) : `${plan.policy} (every:${each})`) + (plan.reentrant ? ', reentrant' : '');
}

/** Of plans of the same figures: "sqrt = every:6". */
export const shortNames = (plans: readonly Plan[], units: Units): string => plans.map((plan) => planId({ ...plan, policy: policyText(plan.policy, units) })).join(' = ');

/** The same, where one is alone in full: "best (every:7)". */
export const planNames = (plans: readonly Plan[], units: Units): string => (plans.length === 1 ? plans.map((plan) => planName(plan, units)).join('') : shortNames(plans, units));
