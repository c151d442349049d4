import { graphql, readFragment } from "../../api/generated";
import { formatDate, formatInstant, formatNearDate, todayIn } from "../../ui/times";
import type { RosterGroup } from "./EnrollmentsTab";

export const EnrollmentRowFields = graphql(`
  fragment EnrollmentRow on Enrollment {
    id
    version
    waitlistPosition
    waitlistedAt
    enrolledAt
    promotedAt
    startDate
    endDate
    disenrolledAt
    disenrollmentReason
    patient {
      id
      displayName
      medicalRecordNumber
      birthDate
      active
    }
  }
`);

/** Return the words for patients who are in the group already, by their ids. */
export function placesByPatient({ seats, waitlist }: RosterGroup): Map<string, string> {
  const rows = readFragment(EnrollmentRowFields, [...(seats?.nodes ?? []), ...(waitlist?.nodes ?? [])]);
  return new Map(
    rows.map(({ patient, waitlistPosition }) => [
      patient?.id ?? "",
      waitlistPosition === null ? "has a seat" : `waits at place ${waitlistPosition}`,
    ]),
  );
}

/** Return the first day of a stay that has begun, which may be before the day on which it was entered; otherwise that day. */
export function sinceInWords({ startDate, enrolledAt }: { startDate: string | null; enrolledAt: string | null }, timeZone: string): string {
  if (startDate !== null && startDate <= todayIn(timeZone)) return formatDate(startDate);
  return enrolledAt === null ? "" : formatInstant(enrolledAt, timeZone);
}

type Stay = { startDate: string | null; endDate: string | null };

/** Return the words for a stay that has not begun, or whose end is known; null if there is nothing to say. */
export function stayInWords({ startDate, endDate }: Stay, timeZone: string): string | null {
  const today = todayIn(timeZone);
  const start = startDate !== null && startDate > today ? `Starts ${formatNearDate(startDate, today)}` : null;
  if (endDate === null) return start;
  const end = `${endDate < today ? "ended" : "ends"} ${formatNearDate(endDate, today)}`;
  return start === null ? `E${end.slice(1)}` : `${start}, ${end}`;
}
