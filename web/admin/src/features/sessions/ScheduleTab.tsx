import { Stack } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { graphql } from "../../api/generated";
import type { ScheduleQuery, ScheduleQueryVariables } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { Loaded, NoPermission } from "../../ui/states";
import { todayIn } from "../../ui/times";
import type { ScheduleSearch } from "./search";
import { SessionDetailsDialog } from "./SessionDetailsDialog";
import { SessionList } from "./SessionList";

const PAGE_SIZE = 25;

const Schedule = graphql(`
  query Schedule(
    $groupId: ID!
    $filter: OccurrenceFilter!
    $orderBy: OccurrenceOrder!
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    groupDefinition(id: $groupId) {
      id
      deletedAt
      occurrences(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        totalCount
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
        nodes {
          id
          ...SessionRow
        }
      }
    }
  }
`);

const route = getRouteApi("/groups/$groupId");

type Props = { groupId: string; timeZone: string };

/** The sessions of a group, from today on or past, a page at a time, and the session that is open. */
export function ScheduleTab(props: Props) {
  const may = usePermissions();
  if (!may("pm.group_schedule.view")) return <NoPermission what="schedules" needs="pm.group_schedule.view" />;
  return <ScheduleOfGroup {...props} />;
}

function ScheduleOfGroup({ groupId, timeZone }: Props) {
  const search = route.useSearch();
  const today = todayIn(timeZone);
  const result = useLiveQuery(Schedule, { groupId, ...pageOf(search, today) });
  return (
    <>
      <Loaded result={result}>
        {({ groupDefinition }) =>
          groupDefinition && <ScheduleSections group={groupDefinition} today={today} busy={result.outdated} />
        }
      </Loaded>
      <SessionDetailsDialog />
    </>
  );
}

export type ScheduleGroup = NonNullable<ScheduleQuery["groupDefinition"]>;

function ScheduleSections({ group, today, busy }: { group: ScheduleGroup; today: string; busy: boolean }) {
  return (
    <Stack>
      {group.occurrences && <SessionList page={group.occurrences} today={today} busy={busy} />}
    </Stack>
  );
}

type Page = Omit<ScheduleQueryVariables, "groupId">;

/** Return the page of the list that the address says. Past sessions are listed backwards, the latest first. */
function pageOf({ when, after, before }: ScheduleSearch, today: string): Page {
  const size = before === undefined ? { first: PAGE_SIZE, after } : { last: PAGE_SIZE, before };
  return when === "past"
    ? { filter: { through: dayBefore(today) }, orderBy: "STARTS_AT_DESC", ...size }
    : { filter: { from: today }, orderBy: "STARTS_AT_ASC", ...size };
}

function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}
