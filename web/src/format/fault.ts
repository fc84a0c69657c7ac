/* What is wrong with a query, in a sentence. */
import type { Fault } from '../state/store';

/** "seq: …", unless the message names the input itself. */
export function faultText({ field, message }: Fault): string {
  const named = field === '' || message.startsWith(field) || message.includes(`'${field}'`);
  return `${named ? '' : `${field}: `}${message}.`;
}
