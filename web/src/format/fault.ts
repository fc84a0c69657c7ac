/* What is wrong with a query, in a sentence. */
import type { Fault } from '../state/store';

/** "seq: …", unless the message begins by naming the input itself. */
export function faultText({ field, message }: Fault): string {
  const named = field === '' || message.replace(/^'/, '').startsWith(field);
  return `${named ? '' : `${field}: `}${message}.`;
}
