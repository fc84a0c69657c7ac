/* Hatching for what is not kept, one per component, in the component's colour. One copy on the page. */
export function Patterns({ components }: { components: readonly string[] }) {
  return (
    <svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false">
      <defs>
        {components.map((component) => (
          <pattern key={component} id={`hatch-${component}`} class={`c-${component}`} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="hatch-ground" width="5" height="5" />
            <rect class="hatch-line" width="1.6" height="5" />
          </pattern>
        ))}
      </defs>
    </svg>
  );
}

export const hatch = (component: string): string => `url(#hatch-${component})`;
