/* Questions that people ask next, each with an address of its own. */
export type RelatedId = 'zero' | 'accumulation' | 'gpu';

const RELATED: readonly (readonly [id: RelatedId, name: string, about: string])[] = [
  ['zero', 'Memory per GPU with ZeRO and FSDP', 'what sharing out optimizer, gradients and parameters leaves on each GPU'],
  ['accumulation', 'Gradient accumulation', 'what a batch takes as many small micro-batches instead of one'],
  ['gpu', 'What can this GPU train?', 'every model of the table on one GPU, in full and with adapters'],
];

export function Related({ current, query }: { current?: RelatedId; query: string }) {
  return (
    <nav class="related-links" aria-label="Related answers">
      <h2>Related answers</h2>
      <ul>
        {RELATED.filter(([id]) => id !== current).map(([id, name, about]) => (
          <li key={id}>
            <a href={`./${id}.html${query === '' ? '' : `#${query}`}`}>{name}</a>
            <span class="quiet">: {about}</span>
          </li>
        ))}
        {current !== undefined && (
          <li>
            <a href={`./${query === '' ? '' : `#${query}`}`}>This configuration in the calculator</a>
            <span class="quiet">: which tensors are kept, and why</span>
          </li>
        )}
      </ul>
    </nav>
  );
}
