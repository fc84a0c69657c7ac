/* Words for what live bytes are of. */
import type { LivePart } from '../../../wasm/report';
import { componentName } from './words';

const OTHERS: Partial<Record<LivePart, string>> = {
  output: 'Logits, held by the caller',
  temporary: 'Forward temporaries',
  cached: 'Autocast’s copies of weights',
  recomputed: 'Recomputed',
  returned: 'Copied back',
  gradient: 'Activation gradients',
  gathered: 'Gathered parameters',
  reduced: 'Gradients to be reduced',
  lasting: 'For the whole run',
};

export const partName = (part: LivePart): string => OTHERS[part] ?? componentName(part);
