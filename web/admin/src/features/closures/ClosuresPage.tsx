import { Button, Stack, Text } from "@mantine/core";
import IconPlus from "@tabler/icons-react/icons/IconPlus";
import { useState } from "react";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { useLiveQuery } from "../../api/useLiveQuery";
import { Allowed, usePermissions } from "../../permissions/permissions";
import { PageHeader } from "../../ui/PageHeader";
import { EmptyState, Loaded, NoPermission } from "../../ui/states";
import { localToday } from "../../ui/times";
import { AddClosureDialog } from "./AddClosureDialog";
import { ClosureRowFields } from "./closureRow";
import { ClosureSessionsDialog } from "./ClosureSessionsDialog";
import { ClosureTable } from "./ClosureTable";
import { DeleteClosureDialog } from "./DeleteClosureDialog";
import { EditClosureDialog } from "./EditClosureDialog";
import { useClosureDialog } from "./useClosureDialog";

const LONGEST_PAGE = 200;
const PAST_STEP = 20;

const Closures = graphql(`
  query Closures($today: Date!, $yesterday: Date!, $first: Int!, $last: Int!) {
    upcoming: closures(from: $today, first: $first) {
      totalCount
      nodes {
        id
        ...ClosureRow
      }
    }
    past: closures(through: $yesterday, last: $last) {
      totalCount
      nodes {
        id
        through
        ...ClosureRow
      }
    }
  }
`);

/** The days on which the clinic, a site or a room is closed. */
export function ClosuresPage() {
  const may = usePermissions();
  const { show } = useClosureDialog();
  return (
    <>
      <PageHeader
        title="Closures"
        below={<Text c="dimmed">No session is generated on these days. Sessions that are scheduled already stay until somebody cancels them.</Text>}
        actions={
          may("pm.group_schedule.view") && (
            <Allowed to="pm.group_schedule.create">
              <Button leftSection={<IconPlus size={18} />} onClick={() => show("add")}>
                Add a closure
              </Button>
            </Allowed>
          )
        }
      />
      {may("pm.group_schedule.view") ? <ClosureLists /> : <NoPermission what="closures" needs="pm.group_schedule.view" />}
    </>
  );
}

function ClosureLists() {
  const [pastShown, setPastShown] = useState(PAST_STEP);
  const today = localToday();
  const result = useLiveQuery(Closures, { today, yesterday: localToday(-1), first: LONGEST_PAGE, last: pastShown });
  return (
    <Loaded result={result}>
      {({ upcoming, past }) => {
        // Closures that began earlier and go on are upcoming.
        const over = (past?.nodes ?? []).filter(({ through }) => through < today).toReversed();
        const more = past !== null && past.totalCount > past.nodes.length && pastShown < LONGEST_PAGE;
        return (
          <>
            <Stack gap="xl">
              <ClosureTable title="Current and upcoming" closures={upcoming?.nodes ?? []}>
                <EmptyState title="No closure is planned">Holidays and days of repair that you add show here.</EmptyState>
              </ClosureTable>
              {over.length > 0 && <ClosureTable title="Past" closures={over} />}
              {more && (
                <Button
                  variant="default"
                  loading={result.outdated}
                  onClick={() => setPastShown(Math.min(LONGEST_PAGE, pastShown + PAST_STEP))}
                  style={{ alignSelf: "flex-start" }}
                >
                  Show earlier closures
                </Button>
              )}
            </Stack>
            <ClosureDialogs closures={[...(upcoming?.nodes ?? []), ...over]} />
          </>
        );
      }}
    </Loaded>
  );
}

function ClosureDialogs({ closures }: { closures: ReadonlyArray<FragmentType<typeof ClosureRowFields>> }) {
  const rows = readFragment(ClosureRowFields, closures);
  return (
    <>
      <AddClosureDialog />
      <EditClosureDialog closures={rows} />
      <DeleteClosureDialog closures={rows} />
      <ClosureSessionsDialog closures={rows} />
    </>
  );
}
