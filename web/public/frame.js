/* On a page with frames of embed.html: gives each the height that it asks for. Only a frame's own window, at the address that the frame has, is heard. */
addEventListener('message', ({ data, origin, source }) => {
  if (data === null || typeof data !== 'object' || data.type !== 'actmem:height' || !Number.isFinite(data.height)) return;
  for (const frame of document.querySelectorAll('iframe')) {
    const address = new URL(frame.src, document.baseURI);
    if (frame.contentWindow !== source || address.origin !== origin || !address.pathname.endsWith('/embed.html')) continue;
    frame.height = String(Math.min(4000, Math.max(60, Math.ceil(data.height))));
  }
});
