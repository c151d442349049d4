import { Stack, Text } from "@mantine/core";
import { graphql } from "../../api/generated";
import type { ClosureRowFragment } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { Dialog } from "../../ui/Dialog";
import { Loaded } from "../../ui/states";
import { addDays } from "../../ui/times";
import { useKept } from "../../ui/useKept";
import { AffectedSessions } from "./AffectedSessions";
import { daysInWords, placeInWords } from "./closureRow";
import { useClosureDialog } from "./useClosureDialog";

const LONGEST_WINDOW_DAYS = 61;

const SessionsOfClosure = graphql(`
  query SessionsOfClosure($from: Date!, $through: Date!, $seesGroups: Boolean!) {
    conflicts(from: $from, through: $through, kinds: [CLOSURE], first: 200) {
      totalCount
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

/** Lists the sessions that are still scheduled on the days of a closure. */
export function ClosureSessionsDialog({ closures }: { closures: readonly ClosureRowFragment[] }) {
  const { dialog, closureId, close } = useClosureDialog();
  const closure = useKept(closures.find(({ id }) => id === closureId), closureId);
  return (
    <Dialog opened={dialog === "sessions" && closure !== undefined} title={closure?.name ?? ""} onClose={close}>
      {closure !== undefined && <SessionsOf closure={closure} />}
    </Dialog>
  );
}

function SessionsOf({ closure }: { closure: ClosureRowFragment }) {
  const may = usePermissions();
  const last = addDays(closure.from, LONGEST_WINDOW_DAYS);
  const through = closure.through < last ? closure.through : last;
  const result = useLiveQuery(SessionsOfClosure, {
    from: closure.from,
    through,
    seesGroups: may("pm.group_definitions.view"),
  });
  return (
    <Stack>
      <Text>
        {daysInWords(closure)}, {placeInWords(closure)}
      </Text>
      <Loaded result={result}>
        {({ conflicts }) => {
          const sessions = (conflicts?.nodes ?? [])
            .filter((conflict) => conflict.closure?.id === closure.id)
            .flatMap(({ occurrences }) => occurrences);
          const unseen = (conflicts?.totalCount ?? 0) - (conflicts?.nodes.length ?? 0);
          return (
            <>
              <AffectedSessions sessions={sessions} total={sessions.length} />
              {(unseen > 0 || through < closure.through) && (
                <Text size="sm" c="dimmed">
                  There may be more sessions later on these days than are listed here.
                </Text>
              )}
            </>
          );
        }}
      </Loaded>
    </Stack>
  );
}
