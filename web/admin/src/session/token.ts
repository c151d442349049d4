// The bearer token lives only in this module's memory. It is in no storage, no browser history and no element.
//
// If the server refuses the token, the session is expired, but the page stays as it is, with everything that is typed, and
// the requests in progress wait for the next token (see api/transport.ts). A new one is fetched in the background if the
// identity provider allows it; otherwise the person signs in again. If somebody else signs in then, a new generation
// begins: the requests of the old one are dropped, and nothing of it stays on the page.

import { provider } from "./settings";

export type Session = {
  token: string | null;
  /** Why the server refused the token, in its words; null if it did not. */
  refusal: string | null;
  /** Whether another token is being fetched, so that the person need not sign in yet. */
  renewing: boolean;
  /** Whether the server has accepted a token of this generation. */
  accepted: boolean;
  generation: number;
};

/** Thrown by requests that waited for a token until somebody else signed in. */
export class SignedOut extends Error {
  constructor() {
    super("You signed out before the server responded.");
    this.name = "SignedOut";
  }
}

const NOBODY = { token: null, refusal: null, renewing: false, accepted: false };

let session: Session = { ...NOBODY, generation: 0 };
let acceptedToken: string | null = null;
let renewToken: () => Promise<boolean> = () => Promise.resolve(false);
const listeners = new Set<() => void>();

export function currentSession(): Session {
  return session;
}

export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function signIn(token: string): void {
  const same = session.token !== null && subjectOf(session.token) === subjectOf(token);
  change({
    ...NOBODY,
    token,
    accepted: same && session.accepted,
    generation: session.generation + (same ? 0 : 1),
  });
}

export function forgetToken(): void {
  acceptedToken = null;
  change({ ...NOBODY, generation: session.generation + 1 });
}

/** Use a function that fetches another token when the server refuses one, and returns whether it signed in. */
export function renewBy(renew: () => Promise<boolean>): void {
  renewToken = renew;
}

/** Note that the server has accepted a token. */
export function accept(token: string): void {
  if (session.token !== token || acceptedToken === token) return;
  acceptedToken = token;
  if (!session.accepted) change({ ...session, accepted: true });
}

/**
 * Fetch another token, or ask the person to sign in again, unless the refused one has been replaced in the meantime. A
 * token that was refused from the start is not renewed, because the next one would be refused, too.
 */
export function refuse(token: string, refusal: string): void {
  if (session.token !== token || session.refusal !== null) return;
  const renewing = token === acceptedToken;
  change({ ...session, refusal, renewing });
  if (renewing) void renewToken().then((renewed) => renewed || stopRenewing(token));
}

function stopRenewing(token: string): void {
  if (session.token === token) change({ ...session, renewing: false });
}

/** Return the token of a generation, as soon as there is one that the server has not refused. */
export async function usableToken(generation: number): Promise<string> {
  for (;;) {
    if (session.generation !== generation) throw new SignedOut();
    if (session.token !== null && session.refusal === null) return session.token;
    await new Promise<void>((resolve) => {
      const stop = onSessionChange(() => {
        stop();
        resolve();
      });
    });
  }
}

/** Sign in by an address that ends in #token=…, and remove the token from the address bar and the browser history. */
export function takeTokenFromAddress(): void {
  const linked = new URLSearchParams(location.hash.slice(1)).get("token");
  if (linked === null) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  const token = cleanToken(linked);
  // With a provider, a link of somebody else's must not sign a person in as its sender.
  if (token !== null && provider === null) signIn(token);
}

/** Return the token in pasted text: a bare token, one after "Bearer", or a sign-in link. Null if there is none. */
export function cleanToken(pasted: string): string | null {
  const bare = pasted.trim().replace(/^.*#token=/s, "").replace(/^Bearer\s+/i, "");
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(bare) ? bare : null;
}

/** Return the subject in a token. Only the server can verify it; here it only tells two people apart. */
function subjectOf(token: string): unknown {
  try {
    const base64 = token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    return (JSON.parse(atob(base64)) as { sub?: unknown }).sub;
  } catch {
    return token;
  }
}

function change(next: Session): void {
  session = next;
  for (const listener of [...listeners]) listener();
}
