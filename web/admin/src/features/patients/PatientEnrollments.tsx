import { Badge, Text } from "@mantine/core";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { PatientEnrollmentFragment } from "../../api/generated/graphql";
import { counted } from "../../ui/names";
import { formatInstant, formatNearDate, todayIn } from "../../ui/times";
import { GroupLink } from "../groups/GroupLink";
import classes from "./Patient.module.css";

export const PatientEnrollmentsFields = graphql(`
  fragment PatientEnrollments on Patient {
    current: enrollments(status: [ENROLLED, WAITLISTED], first: 100) {
      nodes {
        ...PatientEnrollment
      }
    }
    past: enrollments(status: [DISENROLLED], first: 50) {
      totalCount
      nodes {
        ...PatientEnrollment
      }
    }
  }
`);

const PatientEnrollmentFields = graphql(`
  fragment PatientEnrollment on Enrollment {
    id
    status
    waitlistPosition
    waitlistedAt
    enrolledAt
    promotedAt
    startDate
    endDate
    disenrolledAt
    disenrollmentReason
    waitlistExplanation {
      message
    }
    groupDefinition @include(if: $seesGroups) {
      id
      name
      timeZone
      deletedAt
    }
  }
`);

type Props = { of: FragmentType<typeof PatientEnrollmentsFields> };

/** The groups in which the patient has a seat or waits, with the dates of the stay and the reason for waiting. */
export function CurrentEnrollments({ of }: Props) {
  const { current } = readFragment(PatientEnrollmentsFields, of);
  const rows = readFragment(PatientEnrollmentFields, current?.nodes ?? []);
  if (rows.length === 0) return <Text c="dimmed" size="sm">The patient is in no group, and waits for none.</Text>;
  return (
    <ul className={classes.list}>
      {rows.map((row) => (
        <li key={row.id}>
          <GroupOf enrollment={row} />
          <div>{row.status === "ENROLLED" ? seatInWords(row) : waitingInWords(row)}</div>
          {row.waitlistExplanation && <div className={classes.details}>{row.waitlistExplanation.message}</div>}
        </li>
      ))}
    </ul>
  );
}

export function PastEnrollments({ of }: Props) {
  const { past } = readFragment(PatientEnrollmentsFields, of);
  const rows = readFragment(PatientEnrollmentFields, past?.nodes ?? []);
  if (rows.length === 0) return <Text c="dimmed" size="sm">The patient has left no group.</Text>;
  return (
    <>
      <ul className={classes.list}>
        {rows.map((row) => (
          <li key={row.id}>
            <GroupOf enrollment={row} />
            <div>{stayInWords(row)}</div>
            <div className={classes.details}>{row.disenrollmentReason ?? "No reason recorded"}</div>
          </li>
        ))}
      </ul>
      {past !== null && past.totalCount > rows.length && (
        <Text size="sm" c="dimmed" mt="xs">
          And {counted(past.totalCount - rows.length, "earlier enrollment")} that this page does not list.
        </Text>
      )}
    </>
  );
}

function GroupOf({ enrollment: { groupDefinition } }: { enrollment: PatientEnrollmentFragment }) {
  if (groupDefinition == null) return <span className={classes.name}>A group that you may not see</span>;
  return (
    <div className={classes.name}>
      <GroupLink group={groupDefinition} />{" "}
      {groupDefinition.deletedAt !== null && <Badge color="gray.7" radius="sm" tt="none">Deleted</Badge>}
    </div>
  );
}

function seatInWords({ enrolledAt, promotedAt, startDate, endDate, groupDefinition }: PatientEnrollmentFragment): string {
  const today = todayIn(zoneOf(groupDefinition));
  const starts = startDate !== null && startDate > today;
  const since = starts ? `Seat from ${formatNearDate(startDate, today)}` : `Seat since ${dayOf(startDate, enrolledAt, groupDefinition)}`;
  const promoted = promotedAt === null ? "" : ", moved up from the waitlist";
  const end = endDate === null ? "" : `, ${endDate < today ? "ended" : "ends"} ${formatNearDate(endDate, today)}`;
  return since + promoted + end;
}

function waitingInWords({ waitlistPosition, waitlistedAt, startDate, groupDefinition }: PatientEnrollmentFragment): string {
  const today = todayIn(zoneOf(groupDefinition));
  const wish = startDate !== null && startDate > today ? `, to start ${formatNearDate(startDate, today)}` : "";
  return `Place ${waitlistPosition} of the waitlist since ${dayOf(null, waitlistedAt, groupDefinition)}${wish}`;
}

function stayInWords({ enrolledAt, disenrolledAt, startDate, endDate, groupDefinition }: PatientEnrollmentFragment): string {
  const left = dayOf(endDate, disenrolledAt, groupDefinition);
  return enrolledAt === null ? `Left the waitlist ${left}` : `${dayOf(startDate, enrolledAt, groupDefinition)} to ${left}`;
}

type GroupZone = PatientEnrollmentFragment["groupDefinition"];

function dayOf(date: string | null, instant: string | null, group: GroupZone): string {
  const zone = zoneOf(group);
  if (date !== null) return formatNearDate(date, todayIn(zone));
  return instant === null ? "an unknown day" : formatInstant(instant, zone);
}

/** The zone of the group, or the viewer's for a group that they may not see. */
function zoneOf(group: GroupZone): string {
  return group?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}
