import { Stack } from "@mantine/core";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { graphql } from "../../api/generated";
import type { DriftQuery, ScheduleQuery, ScheduleQueryVariables } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { Loaded, NoPermission } from "../../ui/states";
import { todayIn } from "../../ui/times";
import { useKnownPage } from "../../ui/useKnownPage";
import { AddSessionDialog } from "./AddSessionDialog";
import { CancelSessionsDialog } from "./CancelSessionsDialog";
import { DriftBanner } from "./DriftBanner";
import { GenerateDialog } from "./GenerateDialog";
import type { DriftReasons } from "./occurrenceChanges";
import { ReconcileDialog } from "./ReconcileDialog";
import { ScheduleActions } from "./ScheduleActions";
import type { ScheduleSearch } from "./search";
import SessionDialogs from "./SessionDialogs";
import { SessionList } from "./SessionList";
import { daysAfter } from "./sessionValues";
import { SubstituteDialog } from "./SubstituteDialog";
import { useSelection } from "./useSelection";

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
      recurrence {
        rule
      }
      ...SessionDefaults
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
  const navigate = useNavigate({ from: "/groups/$groupId" });
  useKnownPage(result.error, () => void navigate({ search: { ...search, after: undefined, before: undefined }, replace: true }));
  const { data: drift } = useLiveQuery(Drift, { groupId }); // at the same time as the list
  return (
    <>
      <Loaded result={result}>
        {({ groupDefinition }) =>
          groupDefinition && (
            <ScheduleSections
              group={groupDefinition}
              plan={drift?.groupDefinition}
              today={today}
              timeZone={timeZone}
              busy={result.outdated}
            />
          )
        }
      </Loaded>
      <SessionDialogs groupId={groupId} deleted={result.data?.groupDefinition?.deletedAt != null} />
    </>
  );
}

const Drift = graphql(`
  query Drift($groupId: ID!) {
    groupDefinition(id: $groupId) {
      id
      scheduleDrift {
        count
        items {
          date
          reasons
          occurrence {
            id
          }
        }
      }
      scheduled: occurrences(filter: { status: [SCHEDULED] }, orderBy: STARTS_AT_DESC, first: 1) {
        nodes {
          id
          sessionDate
        }
      }
    }
  }
`);

export type ScheduleGroup = NonNullable<ScheduleQuery["groupDefinition"]>;

type SectionProps = {
  group: ScheduleGroup;
  plan: DriftQuery["groupDefinition"] | undefined;
  today: string;
  timeZone: string;
  busy: boolean;
};

function ScheduleSections({ group, plan, today, timeZone, busy }: SectionProps) {
  const selection = useSelection();
  const lastDay = plan == null ? null : lastDayOf(plan);
  const deleted = group.deletedAt !== null;
  const props = { groupId: group.id, today, timeZone };
  return (
    <Stack>
      {plan && !deleted && <DriftBanner drift={plan.scheduleDrift} />}
      <ScheduleActions deleted={deleted} hasRule={group.recurrence !== null} selection={selection} />
      {group.occurrences && <SessionList page={group.occurrences} today={today} busy={busy} selection={selection} />}
      {!deleted && <AddSessionDialog group={group} />}
      {!deleted && <SubstituteDialog {...props} selection={selection} />}
      <CancelSessionsDialog {...props} selection={selection} />
      {plan && !deleted && <GenerateDialog {...props} lastDay={lastDay} />}
      {plan && !deleted && <ReconcileDialog {...props} lastDay={lastDay} reasons={reasonsOf(plan)} />}
    </Stack>
  );
}

/** Return the last day that has a scheduled session or lacks one; null if there is none. */
function lastDayOf({ scheduled, scheduleDrift }: NonNullable<DriftQuery["groupDefinition"]>): string | null {
  const days = [...(scheduled?.nodes ?? []).map(({ sessionDate }) => sessionDate), ...scheduleDrift.items.map(({ date }) => date)];
  return days.toSorted().at(-1) ?? null;
}

function reasonsOf({ scheduleDrift }: NonNullable<DriftQuery["groupDefinition"]>): DriftReasons {
  return new Map(scheduleDrift.items.flatMap(({ occurrence, reasons }) => (occurrence ? [[occurrence.id, reasons]] : [])));
}

type Page = Omit<ScheduleQueryVariables, "groupId">;

/** Return the page of the list that the address says. Past sessions are listed backwards, the latest first. */
function pageOf({ when, after, before }: ScheduleSearch, today: string): Page {
  const size = before === undefined ? { first: PAGE_SIZE, after } : { last: PAGE_SIZE, before };
  return when === "past"
    ? { filter: { through: daysAfter(today, -1) }, orderBy: "STARTS_AT_DESC", ...size }
    : { filter: { from: today }, orderBy: "STARTS_AT_ASC", ...size };
}
