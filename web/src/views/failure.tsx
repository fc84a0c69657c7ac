/* The calculator could not start: what happened, and what to do. */
export function Failure({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <main class="static">
      <p class="wordmark">actmem</p>
      <h1>The calculator could not be loaded</h1>
      <p>
        Its WebAssembly program or <code>tables.json</code> did not arrive or could not be started: {message}
      </p>
      <p>
        {navigator.onLine ? 'Try again; if that does not help, this site may be incomplete, or WebAssembly may be switched off in this browser.' : 'There is no connection. Try again once there is.'}
      </p>
      <p>
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      </p>
    </main>
  );
}
