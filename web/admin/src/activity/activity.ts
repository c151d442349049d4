// What happened since the page was opened. Each entry shows as a toast, and stays in the list of the header.

import { notifications } from "@mantine/notifications";
import { useSyncExternalStore } from "react";

export type Entry = { id: number; at: Date; tone: Tone; message: string };
export type Tone = "done" | "news" | "failed";

const TOAST_MILLISECONDS = 8_000;
const LONGEST_LIST = 100;
const COLORS: Record<Tone, string> = { done: "teal", news: "blue", failed: "red" };

let entries: readonly Entry[] = [];
const listeners = new Set<() => void>();

/** Tell the person an outcome. "news" is what a change did to others, such as a promotion from the waitlist. */
export function tell(message: string, tone: Tone = "done"): void {
  const entry = { id: (entries[0]?.id ?? 0) + 1, at: new Date(), tone, message };
  change([entry, ...entries].slice(0, LONGEST_LIST));
  notifications.show({
    message,
    color: COLORS[tone],
    autoClose: TOAST_MILLISECONDS,
    role: tone === "failed" ? "alert" : "status",
    closeButtonProps: { "aria-label": "Close" },
  });
}

/** Close the toasts. The list of the header keeps what they say. */
export function closeToasts(): void {
  notifications.clean();
}

export function forgetActivity(): void {
  change([]);
  closeToasts();
}

export function useActivity(): readonly Entry[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => entries,
  );
}

function change(next: readonly Entry[]): void {
  entries = next;
  for (const listener of listeners) listener();
}
