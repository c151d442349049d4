import { Button, Group, Loader, Text } from "@mantine/core";
import IconPlus from "@tabler/icons-react/icons/IconPlus";
import { getRouteApi, Link } from "@tanstack/react-router";
import { graphql } from "../../api/generated";
import { useLiveQuery } from "../../api/useLiveQuery";
import { Allowed, usePermissions } from "../../permissions/permissions";
import { PageHeader } from "../../ui/PageHeader";
import { EmptyState, Loaded, NoPermission } from "../../ui/states";
import { localToday } from "../../ui/times";
import { GroupFilters } from "./GroupFilters";
import { GroupTable } from "./GroupTable";
import type { GroupsSearch } from "./search";

const LONGEST_PAGE = 200;

const Groups = graphql(`
  query Groups($filter: GroupDefinitionFilter, $first: Int!, $upcoming: OccurrenceFilter!, $seesSchedule: Boolean!) {
    groupDefinitions(filter: $filter, first: $first) {
      totalCount
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
          <Allowed to="pm.group_definitions.create">
            <Button component={Link} to="/groups/new" leftSection={<IconPlus size={18} />}>
              New Group
            </Button>
          </Allowed>
        }
      />
      {may("pm.group_definitions.view") ? (
        <GroupList />
      ) : (
        <NoPermission what="groups" needs="pm.group_definitions.view" />
      )}
    </>
  );
}

function GroupList() {
  const search = route.useSearch();
  const may = usePermissions();
  const result = useLiveQuery(Groups, {
    filter: {
      search: search.search,
      groupType: search.type,
      capacityStatus: search.seats,
      includeDeleted: search.deleted ?? false,
    },
    first: LONGEST_PAGE,
    // Yesterday may still be today in the zone of a group. GroupTable leaves out what has ended.
    upcoming: { from: localToday(-1), status: ["SCHEDULED"] },
    seesSchedule: may("pm.group_schedule.view"),
  });
  return (
    <>
      <GroupFilters />
      <Loaded result={result}>
        {({ groupDefinitions }) =>
          groupDefinitions && (
            <>
              <Group gap="xs" mb="xs" h={22}>
                <Text size="sm" c="dimmed" role="status">
                  {countInWords(groupDefinitions.nodes.length, groupDefinitions.totalCount)}
                </Text>
                {result.outdated && <Loader size={14} aria-hidden />}
              </Group>
              {groupDefinitions.totalCount === 0 ? (
                <NoGroups search={search} />
              ) : (
                <GroupTable groups={groupDefinitions.nodes} sort={search.sort ?? "name"} busy={result.outdated} />
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}

function countInWords(shown: number, total: number): string {
  if (shown < total) return `The first ${shown} of ${total} groups by name. Search or filter to see others.`;
  return total === 1 ? "1 group" : `${total} groups`;
}

function NoGroups({ search: { search, type, seats } }: { search: GroupsSearch }) {
  const narrowed = search !== undefined || type !== undefined || seats !== undefined;
  return narrowed ? (
    <EmptyState title="No group matches">Change or clear the search and the filters.</EmptyState>
  ) : (
    <EmptyState title="There are no groups yet">The groups of your clinic will be listed here.</EmptyState>
  );
}
