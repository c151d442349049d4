// What an attempt to sign in leaves in sessionStorage while the identity provider's page is open in this window: nothing
// that would open the clinic's data. This file is loaded before everything else, because it cleans the address bar.

import { basePath } from "../app/address";

/** Precedes the keys of the state and the verifier of each attempt, which the library of session/oidc.ts stores. */
export const ATTEMPT_PREFIX = "sign-in.attempt.";
const RETURN_TO = "sign-in.return-to";
const SIGNED_OUT = "sign-in.signed-out";

/** The identity provider's response, and whether this window began the attempt or another one did. */
export type ProviderResponse = { address: string; state: string; begunHere: boolean };

/** Return the provider's response in the address, and remove it from the address bar and the browser history. */
export function takeResponse(): ProviderResponse | null {
  const parameters = new URLSearchParams(location.search);
  const state = parameters.get("state");
  if (location.pathname !== basePath || state === null || !(parameters.has("code") || parameters.has("error"))) return null;
  const address = location.href;
  history.replaceState(history.state, "", take(RETURN_TO) ?? basePath);
  return { address, state, begunHere: sessionStorage.getItem(ATTEMPT_PREFIX + state) !== null };
}

/** Come back to the screen that is open now. Addresses contain nothing of patients except random ids. */
export function returnHere(): void {
  sessionStorage.setItem(RETURN_TO, location.pathname + location.search);
}

/** Remember that the person signed out, so that the page does not sign them in again when it opens next. */
export function noteSignedOut(): void {
  sessionStorage.setItem(SIGNED_OUT, "yes");
}

export function takeSignedOut(): boolean {
  return take(SIGNED_OUT) !== null;
}

function take(key: string): string | null {
  try {
    const value = sessionStorage.getItem(key);
    sessionStorage.removeItem(key);
    return value;
  } catch {
    return null; // the browser allows this page no storage
  }
}
