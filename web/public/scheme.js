/* Before the first paint: the colours that the visitor chose. */
try {
  document.documentElement.dataset.scheme = localStorage.getItem('actmem-scheme') || 'auto';
} catch {
  /* A private window: as the system. */
}
/* Other inputs than those that the page's file speaks of. */
if (location.hash.length > 1) document.documentElement.dataset.asked = '';
