import { getRouteApi, Link } from "@tanstack/react-router";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { SessionRowFragment } from "../../api/generated/graphql";
import { counted } from "../../ui/names";
import { formatNearDay, formatSpan } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import { SessionStatus } from "./SessionStatus";
import classes from "./SessionTable.module.css";
import { leadersInWords, placeInWords, stateOf } from "./words";

const SessionRowFields = graphql(`
  fragment SessionRow on Occurrence {
    id
    sessionDate
    startTime
    endTime
    startsAt
    endsAt
    timeZone
    status
    cancellationReason
    edited
    expected
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
    conflicts {
      kind
    }
  }
`);

type Props = { sessions: ReadonlyArray<FragmentType<typeof SessionRowFields>>; today: string; busy: boolean };

export function SessionTable({ sessions, today, busy }: Props) {
  const now = useNow();
  return (
    <table className={classes.table} aria-busy={busy}>
      <thead>
        <tr>
          <th>Session</th>
          <th className={classes.wide}>Facilitator</th>
          <th className={classes.wide}>Place</th>
          <th className={classes.expected}>Expected</th>
          <th className={classes.status}>Status</th>
        </tr>
      </thead>
      <tbody>
        {readFragment(SessionRowFields, sessions).map((session) => (
          <SessionRow key={session.id} session={session} today={today} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function SessionRow({ session, today, now }: { session: SessionRowFragment; today: string; now: Date }) {
  const cancelled = session.status === "CANCELLED";
  const leaders = leadersInWords(session);
  const place = placeInWords(session.location);
  return (
    <tr data-cancelled={cancelled || undefined}>
      <th scope="row">
        <OpenSession id={session.id}>{formatNearDay(session.sessionDate, today)}</OpenSession>
        <div className={classes.time}>{formatSpan(session)}</div>
        <div className={classes.narrow}>
          {leaders} · {place}
          {!cancelled && <div>{session.expected} expected</div>}
        </div>
      </th>
      <td className={classes.wide}>{leaders}</td>
      <td className={classes.wide}>{place}</td>
      <td className={classes.expected}>{cancelled ? "–" : session.expected}</td>
      <td className={classes.status}>
        <SessionStatus state={stateOf(session, now)} />
        {session.conflicts.length > 0 && (
          <div className={classes.conflict}>{counted(session.conflicts.length, "conflict")}</div>
        )}
        {session.cancellationReason !== null && <div className={classes.note}>{session.cancellationReason}</div>}
        {session.edited && !cancelled && <div className={classes.note}>Changed by hand</div>}
      </td>
    </tr>
  );
}

const route = getRouteApi("/groups/$groupId");

/** Opens the session over this page of the list. Its id lets the focus come back when the session closes. */
function OpenSession({ id, children }: { id: string; children: string }) {
  const { groupId } = route.useParams();
  return (
    <Link
      id={`session-${id}`}
      from="/groups/$groupId"
      to="/groups/$groupId"
      params={{ groupId }}
      search={(previous) => ({ ...previous, session: id })}
      resetScroll={false}
      className={classes.link}
    >
      {children}
    </Link>
  );
}
