// The state of the stream of changes, and the listeners to changes.

import type { Change } from "./changeStream";

/** What has changed; null if anything may have, because changes may have been missed. */
export type Changes = readonly Change[] | null;
type Listener = (changes: Changes) => void;

const LONGEST_OWN = 200;

let open = false;
const listeners = new Set<Listener>();
const ownRequests = new Set<string>();

/** Return whether the stream of changes is open, so that queries need no polling. */
export function isLive(): boolean {
  return open;
}

export function setLive(next: boolean): void {
  open = next;
}

/** Call a function when something has changed, or may have changed. Several changes at once are one call. */
export function onChanges(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function publishChanges(changes: Changes): void {
  for (const listener of [...listeners]) listener(changes);
}

/** Note the id of a request of this tab. Its own changes are on the screen by the response already. */
export function noteOwnRequest(id: string): void {
  ownRequests.add(id);
  if (ownRequests.size > LONGEST_OWN) ownRequests.delete(ownRequests.values().next().value!);
}

export function isOwnRequest(id: string): boolean {
  return ownRequests.has(id);
}
