import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { PatientSessionFragment } from "../../api/generated/graphql";
import { usePermissions } from "../../permissions/permissions";
import { counted } from "../../ui/names";
import { ShortList } from "../../ui/ShortList";
import { LeftOut } from "../../ui/states";
import { formatDay, formatSpan } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import { SessionLink } from "../sessions/SessionLink";
import classes from "./Patient.module.css";
import { clashesIn } from "./clashes";

export const PatientSessionsFields = graphql(`
  fragment PatientSessions on Patient {
    upcoming: occurrences(from: $upcomingFrom, through: $upcomingThrough, first: 200) @include(if: $seesSchedule) {
      nodes {
        ...PatientSession
      }
    }
  }
`);

const PatientSessionFields = graphql(`
  fragment PatientSession on Occurrence {
    id
    sessionDate
    startTime
    endTime
    startsAt
    endsAt
    timeZone
    location {
      site
      room
    }
    groupDefinition @include(if: $seesGroups) {
      id
      name
    }
  }
`);

type Props = { of: FragmentType<typeof PatientSessionsFields> };

function useUpcoming(of: Props["of"]): PatientSessionFragment[] {
  const now = useNow();
  const { upcoming } = readFragment(PatientSessionsFields, of);
  // The list begins yesterday, because that may still be today in the zone of a group.
  return readFragment(PatientSessionFields, upcoming?.nodes ?? []).filter(({ endsAt }) => new Date(endsAt) > now);
}

/** The sessions of the next four weeks. The first ones show, and on the patient's page the others on request. */
export function UpcomingSessions({ of, limit }: Props & { limit?: number }) {
  const may = usePermissions();
  const sessions = useUpcoming(of);
  if (!may("pm.group_schedule.view")) return <LeftOut what="sessions" needs="pm.group_schedule.view" />;
  if (sessions.length === 0) return <Text c="dimmed" size="sm">No session in the next four weeks.</Text>;
  return (
    <ShortList items={sessions.slice(0, limit)} total={sessions.length}>
      {(session) => (
        <>
          <div>
            {formatDay(session.sessionDate)}, {formatSpan(session)}
          </div>
          <div className={classes.details}>
            <SessionLink sessionId={session.id} groupId={session.groupDefinition?.id}>
              {session.groupDefinition?.name ?? "A group that you may not see"}
            </SessionLink>
            {session.location && ` · ${[session.location.site, session.location.room].filter(Boolean).join(", ")}`}
          </div>
        </>
      )}
    </ShortList>
  );
}

/** The sessions at which the patient is expected at the same time, by the pair of groups. */
export function PatientConflicts({ of }: Props) {
  const may = usePermissions();
  const clashes = clashesIn(useUpcoming(of));
  if (!may("pm.group_schedule.view")) return <LeftOut what="conflicts" needs="pm.group_schedule.view" />;
  if (clashes.length === 0) return <Text>No sessions at the same time in the next four weeks.</Text>;
  return (
    <ul className={classes.list}>
      {clashes.map(({ key, first, second, more }) => (
        <li key={key}>
          <div>
            <GroupLink of={first} /> and <GroupLink of={second} />
          </div>
          <div className={classes.details}>
            {formatDay(second.sessionDate)}: {formatSpan(first)} and {formatSpan(second)}
            {more > 0 && `. ${counted(more, "later time")} too`}
          </div>
        </li>
      ))}
    </ul>
  );
}

function GroupLink({ of: { groupDefinition } }: { of: PatientSessionFragment }) {
  if (groupDefinition == null) return "a group that you may not see";
  return (
    <Anchor inherit underline="always" renderRoot={(props) => <Link to="/groups/$groupId" params={{ groupId: groupDefinition.id }} {...props} />}>
      {groupDefinition.name}
    </Anchor>
  );
}
