import type { OccurrenceStatus } from "../../api/generated/graphql";

export type SessionState = "SCHEDULED" | "IN_PROGRESS" | "UNDOCUMENTED" | "COMPLETED" | "CANCELLED";

export const SESSION_STATES: Record<SessionState, string> = {
  SCHEDULED: "Scheduled",
  IN_PROGRESS: "In progress",
  UNDOCUMENTED: "Not documented",
  COMPLETED: "Documented",
  CANCELLED: "Cancelled",
};

type Session = { status: OccurrenceStatus; startsAt: string; endsAt: string };

/** Return the state of a session as people speak of it: a session that is over and still scheduled is not documented. */
export function stateOf({ status, startsAt, endsAt }: Session, now: Date): SessionState {
  if (status !== "SCHEDULED") return status;
  if (new Date(endsAt) <= now) return "UNDOCUMENTED";
  return new Date(startsAt) <= now ? "IN_PROGRESS" : "SCHEDULED";
}

type Place = { site: string; room: string | null };

export function placeInWords(location: Place | null): string {
  if (location === null) return "No location";
  return location.room === null ? location.site : `${location.site}, ${location.room}`;
}

type Leaders = { facilitator: { displayName: string }; coFacilitator: { displayName: string } | null };

export function leadersInWords({ facilitator, coFacilitator }: Leaders): string {
  return coFacilitator === null ? facilitator.displayName : `${facilitator.displayName} and ${coFacilitator.displayName}`;
}
