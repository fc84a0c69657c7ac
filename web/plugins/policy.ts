/* What a page may do: a policy in each page, for hosts that set no headers, and as _headers for those that read it (Netlify, Cloudflare Pages).
 * docs/hosting.md has the same for others. */
import type { Plugin } from 'vite';

/** Nothing inline, nothing from elsewhere. */
export const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Pages that no other site may frame: all but embed.html, which is made for it. A meta element cannot say this. */
const UNFRAMED = ['/', '/index.html', '/learn.html', '/validation.html', '/zero.html', '/accumulation.html', '/gpu.html'];
/** What other sites load. */
const SHARED = ['/widget.js', '/frame.js', '/assets/*'];

export const headers = (): string =>
  [
    '/*',
    `  Content-Security-Policy: ${policy}`,
    '  X-Content-Type-Options: nosniff',
    '  Referrer-Policy: no-referrer',
    '  Permissions-Policy: camera=(), geolocation=(), microphone=()',
    ...UNFRAMED.flatMap((path) => [path, "  Content-Security-Policy: frame-ancestors 'none'"]),
    ...SHARED.flatMap((path) => [path, '  Access-Control-Allow-Origin: *', '  Cross-Origin-Resource-Policy: cross-origin']),
    '/assets/*',
    '  Cache-Control: public, max-age=31536000, immutable',
    '/sw.js',
    '  Cache-Control: no-cache',
    '',
  ].join('\n');

/* Only in what is built: the dev server styles the page by inline elements. */
export const contentSecurityPolicy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [{ tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: policy }, injectTo: 'head-prepend' }],
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: '_headers', source: headers() });
  },
};
