/* The wide page's sections, to go to from wherever one is, with the answer in sight. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Report, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { formatBytes } from '../format/bytes';
import { going, narrow } from '../state/media';

/** "53.2 GiB kept, 61.0 GiB peak, does not fit": of the stage with the highest peak, if there are any. */
export function shortAnswer({ saved, step, ranks, worst_rank: rank, fit }: Report, units: Units): string {
  const worst = ranks.length > 1 ? ranks[rank] : undefined;
  const fits = fit?.fits == null ? '' : fit.fits ? ', fits' : ', does not fit';
  return `${formatBytes(worst?.saved_bytes ?? saved.bytes, units)} kept, ${formatBytes(activationPeak(worst ?? step), units)} peak${fits}`;
}

interface SectionsProps<T extends string> {
  sections: readonly (readonly [T, string])[];
  /** In a few words. */
  answer: ComponentChildren;
}

export function Sections<T extends string>({ sections, answer }: SectionsProps<T>) {
  const current = useSignal<string>('');
  const ids = sections.map(([id]) => id).join();
  useEffect(() => {
    if (narrow.value) return undefined;
    /* The one that stands across the upper part of the window. */
    const seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting) current.value = target.id;
        else if (current.value === target.id) current.value = '';
      }
    }, { rootMargin: '-20% 0px -79% 0px' });
    for (const id of ids.split(',')) {
      const section = document.getElementById(`view-${id}`);
      if (section !== null) seen.observe(section);
    }
    return () => seen.disconnect();
  }, [ids, narrow.value]);
  if (narrow.value) return null;
  const go = (id: T) => {
    const section = document.getElementById(`view-${id}`);
    section?.scrollIntoView({ behavior: going() });
    section?.querySelector('h2')?.focus({ preventScroll: true });
  };
  return (
    <nav class="sections" aria-label="Sections">
      {sections.map(([id, label]) => (
        <button key={id} type="button" aria-current={current.value === `view-${id}` ? 'true' : undefined} onClick={() => go(id)}>
          {label}
        </button>
      ))}
      <span class="sections-answer">{answer}</span>
    </nav>
  );
}
