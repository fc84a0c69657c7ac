/** The head of a table: columns of text, then columns of figures. */
export function TableHead({ texts, figures }: { texts: readonly string[]; figures: readonly string[] }) {
  return (
    <thead>
      <tr>
        {[...texts, ...figures].map((name, i) => (
          <th key={name} scope="col" class={i < texts.length ? undefined : 'number'}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}
