import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import type { WeekSessionFragment } from "../../api/generated/graphql";
import { counted } from "../../ui/names";
import { formatSpan } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import { CONFLICT_KINDS } from "../conflicts/ConflictList";
import { SessionLink } from "../sessions/SessionLink";
import { leadersInWords, placeInWords, SESSION_STATES, stateOf } from "../sessions/words";
import type { Lanes } from "./search";
import classes from "./Week.module.css";

type Props = {
  session: WeekSessionFragment;
  /** What the row says already. Without it, the session says who leads it and where. */
  lane?: Lanes;
};

/** A session in the calendar. Its clashes are in words, not only in a color. */
export function WeekSession({ session, lane }: Props) {
  const state = stateOf(session, useNow());
  const clashes = [...new Set(session.conflicts.map(({ kind }) => CONFLICT_KINDS[kind]))];
  return (
    <div className={classes.session} data-state={state} data-clashes={clashes.length > 0 || undefined}>
      <div className={classes.time}>{formatSpan(session)}</div>
      <SessionLink sessionId={session.id} groupId={session.groupDefinition?.id} className={classes.name}>
        {session.groupDefinition?.name ?? "Session"}
      </SessionLink>
      {state !== "SCHEDULED" && state !== "UNDOCUMENTED" && <div className={classes.state}>{SESSION_STATES[state]}</div>}
      {lane !== "facilitator" && <div>{leadersInWords(session)}</div>}
      {lane !== "room" && <div>{placeInWords(session.location)}</div>}
      {state !== "CANCELLED" && <div>{counted(session.expected, "patient")}</div>}
      {clashes.map((words) => (
        <div key={words} className={classes.clash}>
          <IconAlertTriangle size={13} aria-hidden /> {words}
        </div>
      ))}
    </div>
  );
}
