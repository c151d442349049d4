// What a change of many sessions does to each of them, in words.

import { graphql } from "../../api/generated";
import type { ChangedSessionFragment, DriftReason, KeepReason, SessionFormFragment } from "../../api/generated/graphql";
import { counted } from "../../ui/names";
import { formatNearDay, formatTimeIn } from "../../ui/times";
import { placeInWords } from "./words";

export const ChangedSessionFields = graphql(`
  fragment ChangedSession on OccurrenceChange {
    action
    keepReason
    sessionDate
    startTime
    endTime
    occurrence {
      id
      timeZone
      facilitator {
        displayName
      }
      coFacilitator {
        displayName
      }
      location {
        site
        room
      }
    }
  }
`);

const KEEP_REASONS: Record<KeepReason, string> = {
  EDITED: "it was changed by hand",
  COMPLETED: "it is documented",
  CANCELLED: "it is cancelled",
  PAST: "it has begun",
  CLOSURE: "the day is closed",
  DUPLICATE: "another session is at this time",
  UNCHANGED: "it is as it should be",
};

export const DRIFT_REASONS: Record<DriftReason, (count: number) => string> = {
  MISSING: (count) => `${counted(count, "session")} missing`,
  NOT_IN_RULE: (count) => `${counted(count, "session")} on days that the rule does not have`,
  START_TIME: (count) => `${counted(count, "session")} at another time`,
  DURATION: (count) => `${counted(count, "session")} of another length`,
  TIME_ZONE: (count) => `${counted(count, "session")} in another time zone`,
  FACILITATOR: (count) => `${counted(count, "session")} with another facilitator`,
  LOCATION: (count) => `${counted(count, "session")} in another place`,
  CLOSURE: (count) => `${counted(count, "session")} on closed days`,
};

/** How each session differs from the group's definition, by its id. */
export type DriftReasons = ReadonlyMap<string, readonly DriftReason[]>;

/**
 * Say what happens to a session. `before` is what is stored; undefined if it is not loaded, or if there is none yet.
 * `reasons` are there if the calendar is brought to the group's definition: then it also says why.
 */
export function changeInWords(
  change: ChangedSessionFragment,
  before: SessionFormFragment | undefined,
  { today, timeZone, reasons }: { today: string; timeZone: string; reasons?: DriftReasons },
): string {
  const now = before ?? change;
  const zone = before?.timeZone ?? timeZone;
  const when = `${formatNearDay(now.sessionDate, today)}, ${formatTimeIn(zone, now.sessionDate, now.startTime)}`;
  switch (change.action) {
    case "CREATE":
      return `${when}: a session is added${because(change, reasons)}.`;
    case "CANCEL":
      return `${when}: is cancelled${before === undefined ? "" : `, with ${counted(before.expected, "patient")} expected`}${because(change, reasons)}.`;
    case "KEEP":
      return `${when}: stays, because ${KEEP_REASONS[change.keepReason ?? "UNCHANGED"]}.`;
    case "MOVE":
    case "UPDATE": {
      const differences = before === undefined ? [] : differencesInWords(change, before, today, zone);
      return `${when}: ${differences.length === 0 ? "changes" : differences.join(", ")}${because(change, reasons)}.`;
    }
  }
}

/** Say why a session changes if the calendar is brought to the group's definition; "" if it changes for another reason. */
function because({ action, occurrence }: ChangedSessionFragment, reasons: DriftReasons | undefined): string {
  if (reasons === undefined || action === "KEEP") return ""; // why a session stays is in its own words
  switch (action) {
    case "CREATE":
      return ", because the rule has one then";
    case "MOVE":
      return ", because the rule has it then";
    case "CANCEL":
      return cancelledBecause(reasons.get(occurrence?.id ?? "") ?? []);
    case "UPDATE":
      return ", because the group's definition says so";
  }
}

function cancelledBecause(reasons: readonly DriftReason[]): string {
  if (reasons.includes("CLOSURE")) return ", because its day is closed";
  return reasons.includes("NOT_IN_RULE") ? ", because the rule does not have its day" : ", because it is no longer planned";
}

function differencesInWords(
  change: ChangedSessionFragment,
  before: SessionFormFragment,
  today: string,
  timeZone: string,
): string[] {
  const after = change.occurrence;
  const timeOf = (time: string) => formatTimeIn(after?.timeZone ?? timeZone, change.sessionDate, time);
  const differences: string[] = [];
  const start = `${formatNearDay(change.sessionDate, today)}, ${timeOf(change.startTime)}`;
  if (change.sessionDate !== before.sessionDate || change.startTime !== before.startTime) differences.push(`moves to ${start}`);
  if (change.endTime !== before.endTime) differences.push(`ends at ${timeOf(change.endTime)}`);
  if (after == null) return differences;
  if (after.timeZone !== before.timeZone) differences.push(`its time zone becomes ${after.timeZone}`);
  if (after.facilitator.displayName !== before.facilitator.displayName) {
    differences.push(`${after.facilitator.displayName} leads instead of ${before.facilitator.displayName}`);
  }
  const [co, formerCo] = [after.coFacilitator?.displayName, before.coFacilitator?.displayName];
  if (co !== formerCo) {
    differences.push(
      co === undefined ? `${formerCo} no longer co-leads` : `${co} co-leads${formerCo === undefined ? "" : ` instead of ${formerCo}`}`,
    );
  }
  const [place, formerPlace] = [placeInWords(after.location), placeInWords(before.location)];
  if (place !== formerPlace) differences.push(`takes place at ${place} instead of ${formerPlace}`);
  return differences;
}

type Counts = { createdCount: number; updatedCount: number; cancelledCount: number; keptCount: number };

/** "3 sessions are added, 1 session is cancelled, 12 stay as they are." */
export function countsInWords({ createdCount, updatedCount, cancelledCount, keptCount }: Counts): string {
  const are = (count: number, what: string) => (count === 0 ? [] : [`${counted(count, "session")} ${count === 1 ? "is" : "are"} ${what}`]);
  const words = [...are(createdCount, "added"), ...are(updatedCount, "changed"), ...are(cancelledCount, "cancelled")];
  const kept = keptCount === 0 ? [] : [`${counted(keptCount, "session")} ${keptCount === 1 ? "stays" : "stay"} as ${keptCount === 1 ? "it is" : "they are"}`];
  return words.length + kept.length === 0 ? "No session is concerned." : `${[...words, ...kept].join(", ")}.`;
}
