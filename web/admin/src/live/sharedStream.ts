// One stream for all tabs of a browser in which the same person is signed in with the same permissions. The tab that
// holds the lock has the stream, and tells the others. If it closes, the next tab opens the stream after the last
// change. If it is frozen, as browsers do with tabs in the background, a visible tab takes the lock from it.

import type { Change } from "./changeStream";

type Message =
  | { type: "change"; change: Change }
  /** The stream has opened. What happened before may be missing. */
  | { type: "opened" }
  | { type: "interrupted" }
  /** A tab asks for the state of the stream. The tab that has the stream responds. */
  | { type: "hello" }
  | { type: "state"; open: boolean };

export type StreamListener = {
  onChange: (change: Change) => void;
  onOpened: () => void;
  onState: (open: boolean) => void;
};

const HELLO_MILLISECONDS = 20_000;
/** How long the tab with the stream may take to respond. A tab in the background responds as fast as any other. */
const RESPONSE_MILLISECONDS = 4_000;
const WAIT_MILLISECONDS = 2_000;
/** More changes than a tab that was frozen may still send. */
const MOST_SEEN = 1_000;

/** Follow the changes until the returned function is called. Tabs with the same name share a stream. */
export function followChanges(name: string, { onChange, onOpened, onState }: StreamListener): () => void {
  const stopping = new AbortController();
  const channel = new BroadcastChannel(name);
  const seen = new Set<string>();
  let last: string | null = null;
  let isOpen = false;
  let leading: AbortController | null = null;
  let waiting = new AbortController();
  let overdue: ReturnType<typeof setTimeout> | undefined;

  const receive = (message: Message) => {
    if (message.type !== "hello") clearTimeout(overdue);
    if (message.type === "change") {
      if (seen.has(message.change.id)) return; // of a tab that was frozen, and has not lost the stream yet
      seen.add(message.change.id);
      if (seen.size > MOST_SEEN) seen.delete(seen.values().next().value!);
      last = message.change.id;
      onChange(message.change);
    } else if (message.type === "opened") {
      onState(true);
      onOpened();
    } else if (message.type === "interrupted") {
      onState(false);
    } else if (message.type === "state") {
      onState(message.open);
    } else if (leading !== null) {
      channel.postMessage({ type: "state", open: isOpen } satisfies Message);
    }
  };
  const publish = (message: Message) => {
    channel.postMessage(message);
    receive(message);
  };

  /** Have the stream until the tab closes, or another tab takes the lock. */
  const lead = async () => {
    const ending = new AbortController();
    leading = ending;
    clearTimeout(overdue);
    const { openStream } = await import("./changeStream");
    if (!ending.signal.aborted && !stopping.signal.aborted) {
      const close = openStream(last, {
        onChange: (change) => publish({ type: "change", change }),
        onOpen: () => {
          isOpen = true;
          publish({ type: "opened" });
        },
        onInterrupted: () => {
          isOpen = false;
          publish({ type: "interrupted" });
        },
      });
      await new Promise<void>((resolve) => {
        for (const { signal } of [ending, stopping]) signal.addEventListener("abort", () => resolve());
      });
      close();
    }
    isOpen = false;
    if (leading === ending) leading = null;
    // Until the next tab has the stream. The tab that has taken the lock has it already.
    if (!ending.signal.aborted) channel.postMessage({ type: "interrupted" } satisfies Message);
  };

  /** Wait for the lock, and have the stream. */
  const wait = () => {
    waiting = new AbortController();
    const { signal } = waiting;
    navigator.locks.request(name, { signal }, lead).catch(() => signal.aborted || lost());
  };
  const take = () => {
    waiting.abort();
    navigator.locks.request(name, { steal: true }, lead).catch(lost);
  };
  /** Another tab has taken the lock, or the code of the stream did not load. */
  const lost = () => {
    leading?.abort();
    leading = null;
    setTimeout(() => stopping.signal.aborted || wait(), WAIT_MILLISECONDS);
  };
  const hello = () => {
    if (document.visibilityState !== "visible" || leading !== null) return;
    clearTimeout(overdue);
    overdue = setTimeout(take, RESPONSE_MILLISECONDS);
    channel.postMessage({ type: "hello" } satisfies Message);
  };

  channel.addEventListener("message", ({ data }: MessageEvent<Message>) => receive(data));
  if ("locks" in navigator) {
    stopping.signal.addEventListener("abort", () => waiting.abort());
    wait();
    hello();
    const timer = setInterval(hello, HELLO_MILLISECONDS);
    document.addEventListener("visibilitychange", hello, { signal: stopping.signal });
    stopping.signal.addEventListener("abort", () => clearInterval(timer));
  } else {
    lead().catch(() => undefined); // without TLS, browsers have no locks, and each tab has a stream of its own
  }

  return () => {
    stopping.abort();
    clearTimeout(overdue);
    setTimeout(() => channel.close()); // after the last message
  };
}
