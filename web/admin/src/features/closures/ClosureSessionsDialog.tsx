import { Stack, Text } from "@mantine/core";
import { graphql } from "../../api/generated";
import type { ClosureRowFragment, SessionsOfClosureQuery } from "../../api/generated/graphql";
import { everyPage, useWhole } from "../../api/useWhole";
import { usePermissions } from "../../permissions/permissions";
import { Loaded } from "../../ui/states";
import { addDays } from "../../ui/times";
import { AffectedSessions } from "./AffectedSessions";
import { ClosureDialog } from "./ClosureDialog";
import { daysInWords, placeInWords } from "./closureRow";

const LONGEST_WINDOW_DAYS = 61;

const SessionsOfClosure = graphql(`
  query SessionsOfClosure($from: Date!, $through: Date!, $seesGroups: Boolean!, $after: String) {
    conflicts(from: $from, through: $through, kinds: [CLOSURE], first: 200, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        closure {
          id
        }
        occurrences {
          id
          ...AffectedSession
        }
      }
    }
  }
`);

type ConflictsOfClosure = NonNullable<SessionsOfClosureQuery["conflicts"]>["nodes"][number];

/** Lists the sessions that are still scheduled on the days of a closure. */
export function ClosureSessionsDialog({ closures }: { closures: readonly ClosureRowFragment[] }) {
  return (
    <ClosureDialog
      name="sessions"
      needs="pm.group_schedule.view"
      title={(closure) => closure?.name ?? "Sessions of a closure"}
      closures={closures}
    >
      {(closure) => <SessionsOf closure={closure} />}
    </ClosureDialog>
  );
}

function SessionsOf({ closure }: { closure: ClosureRowFragment }) {
  const may = usePermissions();
  const seesGroups = may("pm.group_definitions.view");
  const { id, from, through } = closure;
  const result = useWhole(
    [id, from, through].join(" "),
    async (client) => {
      const conflicts: ConflictsOfClosure[] = [];
      for (const window of windowsOf(from, through)) {
        conflicts.push(...(await everyPage(client, SessionsOfClosure, { ...window, seesGroups }, (data) => data.conflicts)));
      }
      return conflicts.filter((conflict) => conflict.closure?.id === id).flatMap(({ occurrences }) => occurrences);
    },
    true,
  );
  return (
    <Stack>
      <Text>
        {daysInWords(closure)}, {placeInWords(closure)}
      </Text>
      <Loaded result={result}>{(sessions) => <AffectedSessions sessions={sessions} total={sessions.length} />}</Loaded>
    </Stack>
  );
}

/** Return windows that cover the days of a closure, each as long as the server lists conflicts at once. */
function windowsOf(from: string, through: string): { from: string; through: string }[] {
  const last = addDays(from, LONGEST_WINDOW_DAYS);
  return last >= through ? [{ from, through }] : [{ from, through: last }, ...windowsOf(addDays(last, 1), through)];
}
