import { Button, Group, Loader, Text } from "@mantine/core";
import IconPlus from "@tabler/icons-react/icons/IconPlus";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { graphql } from "../../api/generated";
import { useLiveQuery } from "../../api/useLiveQuery";
import { screensFor } from "../../app/navigation";
import { Allowed, usePermissions } from "../../permissions/permissions";
import { UnusableKeys } from "../../permissions/UnusableKeys";
import { counted } from "../../ui/names";
import { PageHeader } from "../../ui/PageHeader";
import { Pager, type Paging } from "../../ui/Pager";
import { EmptyState, Loaded, NoPermission } from "../../ui/states";
import { addDays, todayIn } from "../../ui/times";
import { useKnownPage } from "../../ui/useKnownPage";
import { GroupFilters } from "./GroupFilters";
import { GroupTable } from "./GroupTable";
import type { GroupsSearch } from "./search";

const LONGEST_PAGE = 200;

const Groups = graphql(`
  query Groups(
    $filter: GroupDefinitionFilter
    $orderBy: GroupDefinitionOrder!
    $first: Int!
    $after: String
    $today: OccurrenceFilter!
    $later: OccurrenceFilter!
    $seesSchedule: Boolean!
  ) {
    groupDefinitions(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        ...GroupRow
      }
    }
  }
`);

const route = getRouteApi("/groups");

export function GroupsPage() {
  const may = usePermissions();
  return (
    <>
      <PageHeader
        title="Group Sessions"
        actions={
          may("pm.group_definitions.view") && (
            <Allowed to="pm.group_definitions.create">
              <Button component={Link} to="/groups/new" leftSection={<IconPlus size={18} />}>
                New Group
              </Button>
            </Allowed>
          )
        }
      />
      {may("pm.group_definitions.view") ? (
        <GroupList />
      ) : (
        <NoPermission what="groups" needs="pm.group_definitions.view" />
      )}
      <UnusableKeys of={screensFor(may).length === 0 ? ["definitions", "schedule", "enrollments"] : ["definitions"]} />
    </>
  );
}

function GroupList() {
  const search = route.useSearch();
  const may = usePermissions();
  const navigate = useNavigate({ from: "/groups" });
  const paging = useGroupPaging();
  const lastToday = todayIn("Etc/GMT-14");
  const result = useLiveQuery(Groups, {
    filter: {
      search: search.search,
      groupType: search.type,
      capacityStatus: search.seats,
      facilitatorId: search.facilitator,
      includeDeleted: search.deleted ?? false,
    },
    orderBy: search.sort === "-name" ? "NAME_DESC" : "NAME_ASC",
    first: LONGEST_PAGE,
    after: paging.after,
    // The days that are today somewhere, in any group's zone, and those after them. GroupTable leaves out what has ended.
    today: { from: todayIn("Etc/GMT+12"), through: lastToday, status: ["SCHEDULED"] },
    later: { from: addDays(lastToday, 1), status: ["SCHEDULED"] },
    seesSchedule: may("pm.group_schedule.view"),
  });
  useKnownPage(result.error, () => void navigate({ search: (previous) => ({ ...previous, pages: undefined }), replace: true }));
  return (
    <>
      <GroupFilters />
      <Loaded result={result}>
        {({ groupDefinitions }) =>
          groupDefinitions && (
            <>
              <Group gap="xs" mb="xs" h={22}>
                <Text size="sm" c="dimmed" role="status">
                  {countInWords(groupDefinitions.nodes.length, groupDefinitions.totalCount, search.sort)}
                </Text>
                {result.outdated && <Loader size={14} aria-hidden />}
              </Group>
              {groupDefinitions.totalCount === 0 ? (
                <NoGroups search={search} />
              ) : (
                <>
                  <GroupTable groups={groupDefinitions.nodes} sort={search.sort ?? "name"} busy={result.outdated} />
                  <Pager
                    paging={paging}
                    size={LONGEST_PAGE}
                    shown={groupDefinitions.nodes.length}
                    total={groupDefinitions.totalCount}
                    pageInfo={groupDefinitions.pageInfo}
                  />
                </>
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}

/** The page in the address, so that it can be shared, and Back leads to the one before. */
function useGroupPaging(): Paging {
  const { pages: cursors = [] } = route.useSearch();
  const navigate = useNavigate({ from: "/groups" });
  const show = (pages: string[]) => void navigate({ search: (previous) => ({ ...previous, pages }) });
  return {
    after: cursors.at(-1) ?? null,
    index: cursors.length,
    next: (endCursor) => show([...cursors, endCursor]),
    previous: () => show(cursors.slice(0, -1)),
  };
}

/** The server pages by name. Other orders are of the page that is shown. */
function countInWords(shown: number, total: number, sort: GroupsSearch["sort"] = "name"): string {
  const words = counted(total, "group");
  if (shown === total) return words;
  return sort.endsWith("name") ? `${words}, ${shown} on this page` : `${words}. The ${shown} on this page are in the chosen order`;
}

function NoGroups({ search: { search, type, seats, facilitator } }: { search: GroupsSearch }) {
  const narrowed = search !== undefined || type !== undefined || seats !== undefined || facilitator !== undefined;
  return narrowed ? (
    <EmptyState title="No group matches">Change or clear the search and the filters.</EmptyState>
  ) : (
    <EmptyState title="There are no groups yet">The groups of your clinic will be listed here.</EmptyState>
  );
}
