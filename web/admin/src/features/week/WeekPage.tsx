import { Button, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import IconPrinter from "@tabler/icons-react/icons/IconPrinter";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { graphql } from "../../api/generated";
import type { WeekQuery, WeekSessionFragment } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { UnusableKeys } from "../../permissions/UnusableKeys";
import { DayStepper } from "../../ui/DayStepper";
import { PageHeader } from "../../ui/PageHeader";
import { EmptyState, LeftOut, Loaded, NoPermission } from "../../ui/states";
import { formatDate, localToday } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import classes from "./Week.module.css";
import { hasClosures } from "./WeekClosures";
import { WeekFilters } from "./WeekFilters";
import { WeekGrid } from "./WeekGrid";
import { WeekList } from "./WeekList";
import { daysOfWeek, lanesOf, sessionsOf } from "./weekSessions";

// One request with a list for each day, because a list of the API has at most 200 elements and a week may have more.
const Week = graphql(`
  query Week(
    $date0: Date!
    $date1: Date!
    $date2: Date!
    $date3: Date!
    $date4: Date!
    $date5: Date!
    $date6: Date!
    $seesGroups: Boolean!
  ) {
    closures(from: $date0, through: $date6, first: 200) {
      ...WeekClosures
    }
    day0: occurrences(filter: { from: $date0, through: $date0 }, first: 200) {
      ...WeekDay
    }
    day1: occurrences(filter: { from: $date1, through: $date1 }, first: 200) {
      ...WeekDay
    }
    day2: occurrences(filter: { from: $date2, through: $date2 }, first: 200) {
      ...WeekDay
    }
    day3: occurrences(filter: { from: $date3, through: $date3 }, first: 200) {
      ...WeekDay
    }
    day4: occurrences(filter: { from: $date4, through: $date4 }, first: 200) {
      ...WeekDay
    }
    day5: occurrences(filter: { from: $date5, through: $date5 }, first: 200) {
      ...WeekDay
    }
    day6: occurrences(filter: { from: $date6, through: $date6 }, first: 200) {
      ...WeekDay
    }
  }
`);

const route = getRouteApi("/week");

/** The calendar of a week, by facilitator or by room. */
export function WeekPage() {
  useNow(); // so that a page that stays open shows the next week when it begins
  const may = usePermissions();
  const { week = localToday() } = route.useSearch();
  const navigate = useNavigate({ from: "/week" });
  if (!may("pm.group_schedule.view")) return <NoPermission wholePage what="schedules" needs="pm.group_schedule.view" />;
  const days = daysOfWeek(week);
  return (
    <div className={classes.page}>
      <PageHeader
        title="Week"
        below={
          <Text c="dimmed">
            {formatDate(days[0] ?? week)} to {formatDate(days[6] ?? week)}
          </Text>
        }
        actions={
          <div className={classes.actions}>
            <DayStepper
              day={week}
              unit="week"
              onChange={(next) => void navigate({ search: (previous) => ({ ...previous, week: next }), resetScroll: false })}
            />
            <Button variant="default" leftSection={<IconPrinter size={18} />} onClick={() => window.print()}>
              Print
            </Button>
          </div>
        }
      />
      <WeekOf days={days} />
      <UnusableKeys of={["schedule"]} />
    </div>
  );
}

function WeekOf({ days }: { days: readonly string[] }) {
  const may = usePermissions();
  const [date0 = "", date1 = "", date2 = "", date3 = "", date4 = "", date5 = "", date6 = ""] = days;
  const seesGroups = may("pm.group_definitions.view");
  const result = useLiveQuery(Week, { date0, date1, date2, date3, date4, date5, date6, seesGroups });
  return (
    <Loaded result={result}>
      {(data) => (
        <div aria-busy={result.outdated} className={classes.week}>
          <Calendar data={data} days={days} />
        </div>
      )}
    </Loaded>
  );
}

function Calendar({ data, days }: { data: WeekQuery; days: readonly string[] }) {
  const may = usePermissions();
  const { by = "facilitator", only, clashes } = route.useSearch();
  const narrow = useMediaQuery("screen and (max-width: 61.99em)", undefined, { getInitialValueInEffect: false });
  const { sessions, missing } = sessionsOf(data);
  const lanes = lanesOf(sessions, by);
  const shown = lanes
    .filter(({ id }) => only === undefined || id === only)
    .map((lane) => ({ ...lane, sessions: lane.sessions.filter((session) => !clashes || isClash(session)) }))
    .filter((lane) => lane.sessions.length > 0);
  return (
    <>
      <WeekFilters lanes={lanes} clashing={sessions.filter(isClash).length} />
      {!may("pm.group_enrollments.view") && (
        <LeftOut what="the conflicts of patients" needs="pm.group_enrollments.view" />
      )}
      {missing > 0 && <Text size="sm">{missing} more sessions do not fit: a day shows 200.</Text>}
      {shown.length === 0 && (
        <EmptyState title={sessions.length === 0 ? "No sessions in this week" : "No session matches"}>
          {sessions.length === 0 ? "Step to another week, or choose a date." : "Show everybody, or all sessions."}
        </EmptyState>
      )}
      {(shown.length > 0 || hasClosures(data.closures)) &&
        (narrow ? (
          <WeekList days={days} sessions={inOrder(shown.flatMap((lane) => lane.sessions))} closures={data.closures} />
        ) : (
          <WeekGrid days={days} lanes={shown} by={by} closures={data.closures} />
        ))}
    </>
  );
}

function isClash({ conflicts }: WeekSessionFragment): boolean {
  return conflicts.length > 0;
}

/** Return each session once, by local date and time. */
function inOrder(sessions: readonly WeekSessionFragment[]): WeekSessionFragment[] {
  const key = ({ sessionDate, startTime }: WeekSessionFragment) => `${sessionDate} ${startTime}`;
  return [...new Set(sessions)].toSorted((a, b) => key(a).localeCompare(key(b)));
}
