import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { readFragment, type FragmentType } from "../../api/generated";
import { formatNearDay, formatSpan, localToday } from "../../ui/times";
import { SessionLink } from "../sessions/SessionLink";
import { AffectedSessionFields } from "./affectedSession";
import classes from "./AffectedSessions.module.css";

const SHOWN_AT_FIRST = 4;

type Props = { sessions: ReadonlyArray<FragmentType<typeof AffectedSessionFields>>; total: number };

/** The sessions that are still scheduled on closed days. Each leads to its group's schedule. */
export function AffectedSessions({ sessions, total }: Props) {
  const [whole, setWhole] = useState(false);
  const rows = readFragment(AffectedSessionFields, whole ? sessions : sessions.slice(0, SHOWN_AT_FIRST));
  if (total === 0) return <Text size="sm">No session is scheduled on these days.</Text>;
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        {total === 1
          ? "1 session on these days stays scheduled until somebody cancels or moves it."
          : `${total} sessions on these days stay scheduled until somebody cancels or moves them.`}
      </Text>
      <ul className={classes.list}>
        {rows.map((session) => {
          const { id, sessionDate, groupDefinition, facilitator, location } = session;
          const place = [location?.site, location?.room].filter(Boolean).join(", ");
          return (
            <li key={id}>
              <SessionLink sessionId={id} groupId={groupDefinition?.id}>
                {groupDefinition?.name ?? "A group that you may not see"}
              </SessionLink>
              <div>
                {formatNearDay(sessionDate, localToday())}, {formatSpan(session)}
              </div>
              <div className={classes.details}>{[facilitator.displayName, place].filter(Boolean).join(" · ")}</div>
            </li>
          );
        })}
      </ul>
      {!whole && sessions.length > SHOWN_AT_FIRST && (
        <Button variant="subtle" size="compact-sm" mt="xs" onClick={() => setWhole(true)}>
          Show {sessions.length - SHOWN_AT_FIRST} more
        </Button>
      )}
      {whole && sessions.length < total && (
        <Text size="sm" c="dimmed">
          The first {sessions.length} of {total}.
        </Text>
      )}
    </div>
  );
}
