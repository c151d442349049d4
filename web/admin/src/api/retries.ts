// The requests that wait to be sent again. app/ConnectionBanner.tsx shows them.

export type Retries = { waiting: number; until: number };

/** Thrown if the person stops a request that would be sent again. */
export class Stopped extends Error {
  constructor() {
    super("The server could not be reached. Nothing more was sent.");
    this.name = "Stopped";
  }
}

type Waiting = { until: number; retry: () => void; stop: () => void };

const waiting = new Set<Waiting>();
const listeners = new Set<() => void>();
let snapshot: Retries = { waiting: 0, until: 0 };

export function currentRetries(): Retries {
  return snapshot;
}

export function onRetriesChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function retryNow(): void {
  for (const request of [...waiting]) request.retry();
}

export function stopRetrying(): void {
  for (const request of [...waiting]) request.stop();
}

export function waitBeforeRetry(seconds: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const request: Waiting = {
      until: Date.now() + seconds * 1000,
      retry: () => finish(resolve),
      stop: () => finish(() => reject(new Stopped())),
    };
    const abort = () => finish(() => reject(signal?.reason as Error));
    const timer = setTimeout(request.retry, seconds * 1000);
    window.addEventListener("online", request.retry);
    signal?.addEventListener("abort", abort);
    waiting.add(request);
    publish();

    function finish(settle: () => void): void {
      clearTimeout(timer);
      window.removeEventListener("online", request.retry);
      signal?.removeEventListener("abort", abort);
      waiting.delete(request);
      publish();
      settle();
    }
  });
}

function publish(): void {
  snapshot = { waiting: waiting.size, until: Math.min(...[...waiting].map((request) => request.until)) };
  for (const listener of listeners) listener();
}
