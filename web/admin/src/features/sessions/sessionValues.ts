// The values of the session form, and their ways from the server and to it.

import { graphql } from "../../api/generated";
import type { SessionFormFragment, UpdateOccurrenceInput } from "../../api/generated/graphql";
import type { ConflictingField } from "../../ui/ConflictAlert";
import { formatDay, formatTime } from "../../ui/times";
import { placeInWords, SESSION_STATES } from "./words";

export const SessionFormFields = graphql(`
  fragment SessionForm on Occurrence {
    id
    version
    status
    sessionDate
    startTime
    endTime
    timeZone
    cancellationReason
    expected
    facilitator {
      id
      displayName
      credentials
      active
    }
    coFacilitator {
      id
      displayName
      credentials
      active
    }
    location {
      id
      site
      room
      timeZone
      active
    }
  }
`);

/** Dates and times are those of input elements; "" if they are empty. */
export type SessionValues = {
  sessionDate: string;
  startTime: string;
  endTime: string;
  facilitatorId: string | null;
  coFacilitatorId: string | null;
  locationId: string | null;
};

export function valuesOf(session: SessionFormFragment): SessionValues {
  return {
    sessionDate: session.sessionDate,
    startTime: session.startTime.slice(0, 5),
    endTime: session.endTime.slice(0, 5),
    facilitatorId: session.facilitator.id,
    coFacilitatorId: session.coFacilitator?.id ?? null,
    locationId: session.location?.id ?? null,
  };
}

/** Return the fields of the input that differ, because a field that is left out stays as it is. Null if none does. */
export function changesOf(values: SessionValues, before: SessionValues): Omit<UpdateOccurrenceInput, "id"> | null {
  const old = inputOf(before);
  const changed = Object.entries(inputOf(values)).filter(([name, value]) => value !== old[name as keyof SessionValues]);
  return changed.length === 0 ? null : Object.fromEntries(changed);
}

function inputOf({ sessionDate, startTime, endTime, facilitatorId, coFacilitatorId, locationId }: SessionValues) {
  const end = endTime === "" ? null : `${endTime}:00`;
  return { sessionDate, startTime: `${startTime}:00`, endTime: end, facilitatorId, coFacilitatorId, locationId };
}

/** Return the time some minutes after another one; "" if it is on another day. */
export function timeAfter(time: string, minutes: number): string {
  const total = minutesOf(time) + minutes;
  if (total >= 24 * 60 || total < 0) return "";
  return [Math.floor(total / 60), total % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

/** Return the day some days after another one, or before. */
export function daysAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

export function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

const EMPTY = "–";

/** The words of a version of a session, by the label of each field. */
export type SessionWords = Record<string, string>;

export function wordsOf(session: SessionFormFragment): SessionWords {
  return {
    Status: SESSION_STATES[session.status] + (session.cancellationReason === null ? "" : `: ${session.cancellationReason}`),
    Date: session.sessionDate === "" ? EMPTY : formatDay(session.sessionDate),
    Start: session.startTime === "" ? EMPTY : formatTime(session.startTime),
    End: session.endTime === "" ? EMPTY : formatTime(session.endTime),
    Facilitator: session.facilitator.displayName,
    "Co-facilitator": session.coFacilitator?.displayName ?? "None",
    Place: placeInWords(session.location),
  };
}

/** Return the fields in which either version differs from the one before. */
export function conflictsOf(theirs: SessionWords, mine: SessionWords, before: SessionWords): ConflictingField[] {
  return Object.keys(before)
    .map((label) => ({ label, theirs: theirs[label] ?? "", mine: mine[label] ?? "", before: before[label] }))
    .filter((row) => row.theirs !== row.before || row.mine !== row.before);
}
