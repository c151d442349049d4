import { useSyncExternalStore } from "react";
import { currentSession, onSessionChange, type Session } from "./token";

export function useSession(): Session {
  return useSyncExternalStore(onSessionChange, currentSession);
}
