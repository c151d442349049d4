import { useSyncExternalStore } from "react";
import { onSignInChange, signInState, type SignInState } from "./signIn";
import { currentSession, onSessionChange, type Session } from "./token";

export function useSession(): Session {
  return useSyncExternalStore(onSessionChange, currentSession);
}

export function useSignIn(): SignInState {
  return useSyncExternalStore(onSignInChange, signInState);
}
