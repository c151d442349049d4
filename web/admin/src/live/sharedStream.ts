// One stream for all tabs of a browser in which the same person is signed in with the same permissions. The tab that
// holds the lock has the stream, and tells the others. If it closes, the next tab opens the stream after the last change.

import type { Change } from "./changeStream";

type Message =
  | { type: "change"; change: Change }
  /** The stream is open; `missed` says that changes may be missing. */
  | { type: "open"; missed: boolean }
  | { type: "interrupted" }
  /** A tab has opened. The tab with the stream responds with its state. */
  | { type: "hello" };

export type StreamListener = {
  onChange: (change: Change) => void;
  onState: (open: boolean, missed: boolean) => void;
};

/** Follow the changes until the returned function is called. Tabs with the same name share a stream. */
export function followChanges(name: string, { onChange, onState }: StreamListener): () => void {
  const stopping = new AbortController();
  const channel = new BroadcastChannel(name);
  let last: string | null = null;
  let isOpen = false;
  let leads = false;

  const receive = (message: Message) => {
    if (message.type === "change") {
      last = message.change.id;
      onChange(message.change);
    } else if (message.type === "open") {
      onState(true, message.missed);
    } else if (message.type === "interrupted") {
      onState(false, false);
    } else if (leads && isOpen) {
      channel.postMessage({ type: "open", missed: false } satisfies Message);
    }
  };
  const publish = (message: Message) => {
    channel.postMessage(message);
    receive(message);
  };
  channel.addEventListener("message", ({ data }: MessageEvent<Message>) => receive(data));
  channel.postMessage({ type: "hello" } satisfies Message);

  const lead = async () => {
    leads = true;
    const { openStream } = await import("./changeStream");
    if (stopping.signal.aborted) return;
    let missed = last === null;
    const close = openStream(last, {
      onChange: (change) => publish({ type: "change", change }),
      onOpen: () => {
        isOpen = true;
        publish({ type: "open", missed });
        missed = last === null;
      },
      onInterrupted: () => {
        isOpen = false;
        missed ||= last === null;
        publish({ type: "interrupted" });
      },
    });
    await new Promise<void>((resolve) => stopping.signal.addEventListener("abort", () => resolve()));
    close();
    channel.postMessage({ type: "interrupted" } satisfies Message); // until the next tab has the stream
  };

  // Without TLS, browsers have no locks, and each tab has a stream of its own.
  const locks = "locks" in navigator ? navigator.locks : null;
  if (locks === null) void lead();
  else void locks.request(name, { signal: stopping.signal }, lead).catch(() => undefined); // the tab closed while it waited

  return () => {
    stopping.abort();
    setTimeout(() => channel.close()); // after the last message
  };
}
