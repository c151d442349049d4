// Sign-in with the identity provider, renewal and sign-out.
//
// Opening the page leads to the provider and back. Once a screen is open, the page never leaves it by itself: the token is
// renewed with the refresh token, or the person signs in again in another window. That window passes the provider's
// response on by a BroadcastChannel, because a provider's Cross-Origin-Opener-Policy may separate the two windows.

import { noteSignedOut, returnHere, takeResponse, takeSignedOut, type ProviderResponse } from "./attempts";
import type { Grant } from "./oidc";
import { provider } from "./settings";
import { forgetToken, renewBy, signIn } from "./token";

export type SignInState = {
  /** "opened": nobody has signed in yet. "passed on": this window served another one's sign-in. */
  step: "opened" | "signing in" | "signing out" | "signed out" | "passed on" | "failed";
  /** Why signing in failed, for the person. */
  fault: string | null;
  /** Whether another window is open to sign in again. */
  windowOpened: boolean;
};

type Message = { address: string; state: string } | { taken: string };

const RENEW_BEFORE_SECONDS = 60;
const RETRY_RENEWAL_SECONDS = 10;
const ACKNOWLEDGE_SECONDS = 3;

let state: SignInState = { step: takeSignedOut() ? "signed out" : "opened", fault: null, windowOpened: false };
const listeners = new Set<() => void>();
let grant: Grant | null = null;
let renewalTimer: ReturnType<typeof setTimeout> | undefined;
let renewal: Promise<boolean> | null = null;
let openedWindow: { state: string; window: Window } | null = null;
let channel: BroadcastChannel | null = null;

export function signInState(): SignInState {
  return state;
}

export function onSignInChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Sign in with the provider, if there is one, and take up its response, if the address had one. */
export function openPage(): void {
  const response = takeResponse();
  if (provider === null) return;
  if (response !== null) void takeUp(response);
  else if (state.step === "opened") void leaveToSignIn();
}

/** Finish what a response belongs to: the sign-in of this window, or that of the one that opened it. */
async function takeUp(response: ProviderResponse): Promise<void> {
  change({ step: "signing in" });
  if (response.begunHere) {
    await attempt(async (oidc) => start(await oidc.redeemCode(provider!, "this window", response.address)));
  } else if (await passOn(response)) {
    change({ step: "passed on" });
    window.close();
  } else {
    change({ step: "failed", fault: "This sign-in was not begun in this window, or it was finished before." });
  }
}

/** Lead this window to the provider's sign-in page. Nothing may be open in it that could be lost. */
export async function leaveToSignIn(prompt?: "login"): Promise<void> {
  change({ step: "signing in", fault: null });
  await attempt(async (oidc) => {
    const { url } = await oidc.beginSignIn(provider!, "this window", prompt);
    returnHere();
    location.replace(url);
  });
}

/** Open the provider's sign-in page in another window, and go on with the token that it leads to. */
export function openSignInWindow(): void {
  const opened = window.open("", "_blank", "popup,width=520,height=720");
  if (opened === null) {
    change({ fault: "The browser blocked the window. Allow this page to open windows, and try again." });
    return;
  }
  opened.opener = null;
  change({ fault: null, windowOpened: true });
  channel ??= listen();
  void attempt(async (oidc) => {
    const { url, state: awaited } = await oidc.beginSignIn(provider!, "another window");
    openedWindow = { state: awaited, window: opened };
    opened.location.replace(url);
  }).then((begun) => begun || opened.close());
}

/** Forget the token, and sign out at the provider. What is typed is lost. */
export async function signOut(): Promise<void> {
  const ended = grant;
  grant = null;
  clearTimeout(renewalTimer);
  change({ step: "signing out", fault: null, windowOpened: false });
  forgetToken();
  if (provider === null || ended === null) return change({ step: "signed out" });
  noteSignedOut();
  try {
    const oidc = await import("./oidc");
    const url = await oidc.endGrant(provider, ended);
    if (url !== null) return location.replace(url);
  } catch {
    // The provider cannot be reached. Its own session may go on, which the page says.
  }
  takeSignedOut();
  change({ step: "signed out" });
}

function start(next: Grant): void {
  grant = next;
  clearTimeout(renewalTimer);
  if (next.refreshToken !== undefined && next.seconds !== undefined) {
    renewLater(next.seconds - Math.min(RENEW_BEFORE_SECONDS, next.seconds / 4));
  }
  signIn(next.accessToken);
  change({ step: "opened", fault: null, windowOpened: false });
}

function renewLater(seconds: number): void {
  renewalTimer = setTimeout(() => void renewOnce(), seconds * 1000);
}

/** Fetch another token with the refresh token. Concurrent calls share one request. Return whether it succeeded. */
function renewOnce(): Promise<boolean> {
  renewal ??= renew().finally(() => (renewal = null));
  return renewal;
}

renewBy(renewOnce);

async function renew(): Promise<boolean> {
  const old = grant;
  if (provider === null || old?.refreshToken === undefined) return false;
  const { renewGrant, isRefusal } = await import("./oidc");
  try {
    const next = await renewGrant(provider, { ...old, refreshToken: old.refreshToken });
    if (grant !== old) return false; // signed out, or signed in again
    start(next);
    return true;
  } catch (error) {
    if (grant !== old) return false;
    if (isRefusal(error)) grant = { ...old, refreshToken: undefined };
    else renewLater(RETRY_RENEWAL_SECONDS);
    return false;
  }
}

function listen(): BroadcastChannel {
  const opened = createChannel();
  opened.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (!("address" in data) || data.state !== openedWindow?.state) return;
    opened.postMessage({ taken: data.state } satisfies Message);
    openedWindow.window.close();
    openedWindow = null;
    void attempt(async (oidc) => start(await oidc.redeemCode(provider!, "another window", data.address)));
  });
  return opened;
}

/** Pass a response on to the window that waits for it. Return whether one has taken it. */
function passOn({ address, state: awaited }: ProviderResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const opened = createChannel();
    const finish = (taken: boolean) => {
      opened.close();
      resolve(taken);
    };
    setTimeout(finish, ACKNOWLEDGE_SECONDS * 1000, false);
    opened.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      if ("taken" in data && data.taken === awaited) finish(true);
    });
    opened.postMessage({ address, state: awaited } satisfies Message);
  });
}

function createChannel(): BroadcastChannel {
  return new BroadcastChannel("group-sessions.sign-in");
}

/** Run a step that needs the provider. Return whether it succeeded, and show its fault otherwise. */
async function attempt(step: (oidc: typeof import("./oidc")) => Promise<void>): Promise<boolean> {
  let wordsOf = (error: unknown) => `This page is out of date. Load it again. (${String(error)})`;
  try {
    const oidc = await import("./oidc");
    wordsOf = oidc.wordsOf;
    await step(oidc);
    return true;
  } catch (error) {
    change({ step: "failed", fault: wordsOf(error), windowOpened: false });
    return false;
  }
}

function change(next: Partial<SignInState>): void {
  state = { ...state, ...next };
  for (const listener of [...listeners]) listener();
}
