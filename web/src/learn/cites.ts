/* A citation shows its reference where it stands: on hover and focus, until Escape. Without this it is a link to the list. */

export function keepCites(root: Document): void {
  for (const link of root.querySelectorAll<HTMLAnchorElement>('a.cite')) {
    const reference = root.getElementById(link.hash.slice(1));
    if (reference === null) continue;
    const place = root.createElement('span');
    place.className = 'cite-place';
    link.replaceWith(place);
    place.append(link);
    const show = (): void => {
      if (place.childElementCount > 1) return;
      const card = root.createElement('span');
      card.className = 'cite-card';
      card.id = `${reference.id}-card`;
      card.setAttribute('role', 'tooltip');
      card.append(...[...reference.childNodes].map((node) => node.cloneNode(true)));
      place.append(card);
      link.setAttribute('aria-describedby', card.id);
      /* Inside the window on both sides. */
      const { left, right } = card.getBoundingClientRect();
      const over = Math.max(0, right - root.documentElement.clientWidth + 8) - Math.max(0, 8 - left);
      card.style.translate = `${-over}px`;
    };
    const hide = (): void => {
      place.querySelector('.cite-card')?.remove();
      link.removeAttribute('aria-describedby');
    };
    place.addEventListener('pointerenter', show);
    place.addEventListener('pointerleave', hide);
    place.addEventListener('focusin', show);
    place.addEventListener('focusout', (event) => place.contains(event.relatedTarget as Node | null) || hide());
    place.addEventListener('keydown', (event) => event.key === 'Escape' && hide());
  }
}
