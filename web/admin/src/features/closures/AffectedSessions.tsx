import { Text } from "@mantine/core";
import { readFragment, type FragmentType } from "../../api/generated";
import { ShortList } from "../../ui/ShortList";
import { formatNearDay, formatSpan, localToday } from "../../ui/times";
import { SessionLink } from "../sessions/SessionLink";
import { AffectedSessionFields } from "./affectedSession";
import classes from "./AffectedSessions.module.css";

type Props = { sessions: ReadonlyArray<FragmentType<typeof AffectedSessionFields>>; total: number };

/** The sessions that are still scheduled on closed days. Each leads to its group's schedule. */
export function AffectedSessions({ sessions, total }: Props) {
  if (total === 0) return <Text size="sm">No session is scheduled on these days.</Text>;
  return (
    <div>
      <Text size="sm" fw={600} mb="xs">
        {total === 1
          ? "1 session on these days stays scheduled until somebody cancels or moves it."
          : `${total} sessions on these days stay scheduled until somebody cancels or moves them.`}
      </Text>
      <ShortList items={readFragment(AffectedSessionFields, sessions)} total={total}>
        {(session) => {
          const { id, sessionDate, groupDefinition, facilitator, location } = session;
          const place = [location?.site, location?.room].filter(Boolean).join(", ");
          return (
            <>
              <SessionLink sessionId={id} groupId={groupDefinition?.id} className={classes.group}>
                {groupDefinition?.name ?? "A group that you may not see"}
              </SessionLink>
              <div>
                {formatNearDay(sessionDate, localToday())}, {formatSpan(session)}
              </div>
              <div className={classes.details}>{[facilitator.displayName, place].filter(Boolean).join(" · ")}</div>
            </>
          );
        }}
      </ShortList>
    </div>
  );
}
