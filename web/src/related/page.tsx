/* What the related pages have in common: head, one answer, a few inputs, and where to go on. */
import '../styles/pictures.css';
import type { ComponentChildren, FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { FewInputs } from '../form/inputs';
import { faultText } from '../format/fault';
import type { Changes, Store } from '../state/store';
import { Basis } from '../views/basis';
import { Figure } from '../views/figure';
import { Masthead } from '../views/header';
import { InSteps } from '../views/in-steps';
import { Related, type RelatedId } from '../views/related';
import type { Said } from './said';

export type RelatedPage = FunctionComponent<{ store: Store }>;

/** What a page asks beyond the address that it was opened with; before it is first drawn, lest it answers another question on the way. */
export type Opening = (store: Store) => Changes | null;

interface FrameProps {
  id: RelatedId;
  heading: string;
  /** Inputs by key. */
  inputs: readonly string[];
  /** Of the answer, in the browser's title: "Llama 3 8B, 8 GPUs". */
  title: string;
  /** null until it is known: the last one stays meanwhile. */
  answer: Said | null;
  store: Store;
  children: ComponentChildren;
}

/* What the page's own file says, of the inputs as they were before anything is chosen: it stays until there is an answer. */
export const stated = location.hash.length > 1 ? '' : (document.querySelector('.related-answer')?.innerHTML ?? '');

export function RelatedFrame({ id, heading, inputs, title, answer, store, children }: FrameProps) {
  const { fault, report } = store.answer.value;
  const { fit } = report;
  const full = `${heading}: ${title} · actmem`;
  const last = useRef<Said | null>(null);
  last.current = answer ?? last.current;
  const shown = last.current;
  useEffect(() => {
    document.title = full;
  }, [full]);
  return (
    <>
      <Masthead current={id} units={store.units.value} onUnits={(units) => store.choose({ units })} />
      <main class="related">
        <InSteps>
          <>
            <h1>{heading}</h1>
            {shown === null ? (
              <p class="related-answer" dangerouslySetInnerHTML={{ __html: stated }} />
            ) : (
              <p class="related-answer" data-stale={fault !== null ? '' : answer === null ? 'waiting' : undefined}>
                {shown.map((part, i) => (typeof part === 'string' ? part : <Figure key={i} bytes={part.bytes} units={store.units.value} />))}
              </p>
            )}
            <p class="related-fault" role="status">
              {fault !== null && <span class="fault">{faultText(fault)}</span>}
            </p>
            <div class="related-basis">{fit !== undefined && <Basis fit={fit} units={store.units.value} store={store} />}</div>
          </>
          <FewInputs keys={inputs} store={store} answer={store.answer.value} />
          {children}
          <Related current={id} query={store.answer.value.report.query} />
        </InSteps>
      </main>
    </>
  );
}

/** In place of an answer: that the core is asked, or why it did not answer and a way to ask again. */
export function Waiting({ fault, again }: { fault: Error | null; again: () => void }) {
  return (
    <p class="related-wait" role="status">
      {fault === null ? (
        'Calculating …'
      ) : (
        <>
          <span class="fault">It could not be calculated: {fault.message}.</span>{' '}
          <button type="button" class="button-quiet" onClick={again}>
            Try again
          </button>
        </>
      )}
    </p>
  );
}
