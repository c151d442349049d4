import { Button, Stack, Text } from "@mantine/core";
import IconPlus from "@tabler/icons-react/icons/IconPlus";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { useLiveQuery } from "../../api/useLiveQuery";
import { Allowed, usePermissions } from "../../permissions/permissions";
import { PageHeader } from "../../ui/PageHeader";
import { Pager, usePaging } from "../../ui/Pager";
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
const PAST_PAGE = 20;

const Closures = graphql(`
  query Closures($today: Date!, $yesterday: Date!, $first: Int!, $after: String, $last: Int!, $before: String) {
    upcoming: closures(from: $today, first: $first, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        ...ClosureRow
      }
    }
    past: closures(through: $yesterday, last: $last, before: $before) {
      totalCount
      pageInfo {
        hasPreviousPage
        startCursor
      }
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
  const today = localToday();
  const paging = { upcoming: usePaging(today), past: usePaging(today) };
  const result = useLiveQuery(Closures, {
    today,
    yesterday: localToday(-1),
    first: LONGEST_PAGE,
    after: paging.upcoming.after,
    last: PAST_PAGE,
    before: paging.past.after,
  });
  return (
    <Loaded result={result}>
      {({ upcoming, past }) => {
        // Closures that began earlier and go on are upcoming.
        const over = (past?.nodes ?? []).filter(({ through }) => through < today).toReversed();
        return (
          <>
            <Stack gap="xl">
              <ClosureTable title="Current and upcoming" closures={upcoming?.nodes ?? []}>
                <EmptyState title="No closure is planned">Holidays and days of repair that you add show here.</EmptyState>
              </ClosureTable>
              {upcoming && (
                <Pager
                  paging={paging.upcoming}
                  size={LONGEST_PAGE}
                  shown={upcoming.nodes.length}
                  total={upcoming.totalCount}
                  pageInfo={upcoming.pageInfo}
                />
              )}
              {past && (over.length > 0 || past.pageInfo.hasPreviousPage || paging.past.index > 0) && (
                <div>
                  <ClosureTable title="Past" closures={over}>
                    <Text c="dimmed">No closure of this page is over.</Text>
                  </ClosureTable>
                  {/* The list goes backwards. Its total has closures that are not over, too, so the page has no range. */}
                  <Pager
                    paging={paging.past}
                    size={PAST_PAGE}
                    shown={past.nodes.length}
                    total={past.totalCount}
                    pageInfo={{ hasNextPage: past.pageInfo.hasPreviousPage, endCursor: past.pageInfo.startCursor }}
                    words={`Page ${paging.past.index + 1}`}
                    labels={["Later closures", "Earlier closures"]}
                  />
                </div>
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
