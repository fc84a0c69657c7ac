/* How the numbers are known, and what is in none of them. */
import type { Report } from '../../../wasm/report';

export function ProvenanceLine({ report }: { report: Report }) {
  const { provenance, actmem } = report;
  return (
    <footer class="provenance">
      <p>
        <b>{provenance.verified_by === 'measured' ? 'Measured' : sentence(provenance.verified_by)}:</b> {ended(provenance.detail)}
      </p>
      {provenance.derived.length > 0 && (
        <p>
          <b>Derived:</b> {provenance.derived.map((text, i) => ended(i === 0 ? text : sentence(text))).join(' ')}
        </p>
      )}
      <p>
        <b>Not counted:</b> {provenance.not_counted.join(', ')}.
      </p>
      <p class="quiet">actmem {actmem}. Everything is computed in this page; nothing you type leaves it.</p>
    </footer>
  );
}

const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
