import { Text } from "@mantine/core";
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
            <LinkOf session={session} />
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
  if (clashes.length === 0) return <Text c="dimmed" size="sm">No sessions at the same time in the next four weeks.</Text>;
  return (
    <ul className={classes.list}>
      {clashes.map(({ key, first, second, more }) => (
        <li key={key}>
          <div>
            {formatDay(second.sessionDate)}
            {more > 0 && `, and ${counted(more, "later time")}`}
          </div>
          {[first, second].map((session) => (
            <div key={session.id} className={classes.details}>
              <LinkOf session={session} />, {formatSpan(session)}
            </div>
          ))}
        </li>
      ))}
    </ul>
  );
}

function LinkOf({ session: { id, groupDefinition } }: { session: PatientSessionFragment }) {
  return (
    <SessionLink sessionId={id} groupId={groupDefinition?.id} className={classes.link}>
      {groupDefinition?.name ?? "A group that you may not see"}
    </SessionLink>
  );
}
