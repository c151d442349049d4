// What others have done, in words. A change holds ids only, so the records are read by a query, with the person's own
// permissions.

import type { Client } from "urql";
import { graphql } from "../api/generated";
import { shortName } from "../ui/names";
import { formatDay, formatStart } from "../ui/times";
import type { Change } from "./changeStream";

const ChangedEnrollment = graphql(`
  query ChangedEnrollment($id: ID!, $seesGroups: Boolean!) {
    enrollment(id: $id) {
      id
      waitlistPosition
      patient {
        id
        displayName
      }
      groupDefinition @include(if: $seesGroups) {
        id
        name
      }
    }
  }
`);

const ChangedSession = graphql(`
  query ChangedSession($id: ID!, $seesGroups: Boolean!) {
    occurrence(id: $id) {
      id
      sessionDate
      startTime
      startsAt
      timeZone
      groupDefinition @include(if: $seesGroups) {
        id
        name
      }
    }
  }
`);

const PATIENTS: Record<string, (name: string, group: string, place: number | null) => string> = {
  pm_group_patient_enrolled: (name, group) => `${name} got a seat${group}.`,
  pm_group_patient_waitlisted: (name, group, place) => `${name} waits${place === null ? "" : ` at place ${place}`}${group}.`,
  pm_group_patient_promoted: (name, group) => `${name} moved from the waitlist to a seat${group}.`,
  pm_group_patient_disenrolled: (name, group) => `${name} was disenrolled${group}.`,
  pm_group_enrollment_updated: (name, group) => `The dates of ${name} were changed${group}.`,
};

const SESSIONS: Record<string, string> = {
  pm_group_session_scheduled: "was scheduled",
  pm_group_session_rescheduled: "was moved",
  pm_group_session_updated: "was changed",
  pm_group_session_cancelled: "was cancelled",
  pm_group_session_reopened: "was reopened",
};

/** Return what somebody else has done, in a sentence; null if the person may not read it, or it is gone. */
export async function changeInWords(client: Client, change: Change, seesGroups: boolean): Promise<string | null> {
  const context = { requestPolicy: "network-only" as const };
  if (change.enrollmentId !== null) {
    const { data } = await client.query(ChangedEnrollment, { id: change.enrollmentId, seesGroups }, context);
    const enrollment = data?.enrollment;
    if (enrollment?.patient == null) return null;
    const group = enrollment.groupDefinition == null ? "" : ` in ${enrollment.groupDefinition.name}`;
    return PATIENTS[change.event]?.(shortName(enrollment.patient.displayName), group, enrollment.waitlistPosition) ?? null;
  }
  if (change.occurrenceId === null) return null;
  const { data } = await client.query(ChangedSession, { id: change.occurrenceId, seesGroups }, context);
  const session = data?.occurrence;
  const what = SESSIONS[change.event];
  if (session == null || what === undefined) return null;
  const group = session.groupDefinition == null ? "" : ` of ${session.groupDefinition.name}`;
  return `The session${group} on ${formatDay(session.sessionDate)} at ${formatStart(session)} ${what}.`;
}
