import { Checkbox } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { SessionRowFragment } from "../../api/generated/graphql";
import { usePermissions } from "../../permissions/permissions";
import { counted } from "../../ui/names";
import { formatNearDay, formatSpan } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import { SessionStatus } from "./SessionStatus";
import classes from "./SessionTable.module.css";
import type { Selection } from "./useSelection";
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

type Props = {
  sessions: ReadonlyArray<FragmentType<typeof SessionRowFields>>;
  today: string;
  busy: boolean;
  selection: Selection;
};

export function SessionTable({ sessions, today, busy, selection }: Props) {
  const now = useNow();
  const may = usePermissions();
  const selects = may("pm.group_schedule.edit") || may("pm.group_schedule.delete");
  const rows = readFragment(SessionRowFields, sessions);
  return (
    <table className={classes.table} aria-busy={busy}>
      <thead>
        <tr>
          {selects && <SelectAll sessions={rows} selection={selection} />}
          <th>Session</th>
          <th className={classes.wide}>Facilitator</th>
          <th className={classes.wide}>Place</th>
          <th className={classes.expected}>Expected</th>
          <th className={classes.status}>Status</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((session) => (
          <SessionRow key={session.id} session={session} today={today} now={now} selection={selects ? selection : null} />
        ))}
      </tbody>
    </table>
  );
}

/** Selects the sessions of this page that can change. */
function SelectAll({ sessions, selection }: { sessions: readonly SessionRowFragment[]; selection: Selection }) {
  const ids = sessions.filter(({ status }) => status === "SCHEDULED").map(({ id }) => id);
  const chosen = ids.filter((id) => selection.ids.has(id)).length;
  return (
    <th className={classes.select}>
      <Checkbox
        aria-label="Select all sessions of this page"
        checked={chosen > 0 && chosen === ids.length}
        indeterminate={chosen > 0 && chosen < ids.length}
        disabled={ids.length === 0}
        onChange={(event) => selection.toggle(ids, event.currentTarget.checked)}
      />
    </th>
  );
}

type RowProps = { session: SessionRowFragment; today: string; now: Date; selection: Selection | null };

function SessionRow({ session, today, now, selection }: RowProps) {
  const cancelled = session.status === "CANCELLED";
  const leaders = leadersInWords(session);
  const place = placeInWords(session.location);
  const day = formatNearDay(session.sessionDate, today);
  return (
    <tr data-cancelled={cancelled || undefined}>
      {selection !== null && (
        <td className={classes.select}>
          {session.status === "SCHEDULED" && (
            <Checkbox
              aria-label={`Select ${day}, ${formatSpan(session)}`}
              checked={selection.ids.has(session.id)}
              onChange={(event) => selection.toggle([session.id], event.currentTarget.checked)}
            />
          )}
        </td>
      )}
      <th scope="row">
        <OpenSession id={session.id}>{day}</OpenSession>
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

/** Opens the session over this page of the list. Its mark lets the focus come back when the session closes. */
function OpenSession({ id, children }: { id: string; children: string }) {
  const { groupId } = route.useParams();
  return (
    <Link
      data-session={id}
      from="/groups/$groupId"
      to="/groups/$groupId"
      params={{ groupId }}
      search={(previous) => ({ ...previous, dialog: undefined, session: id })}
      resetScroll={false}
      className={classes.link}
    >
      {children}
    </Link>
  );
}
