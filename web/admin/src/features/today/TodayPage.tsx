import { Text } from "@mantine/core";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { graphql } from "../../api/generated";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { UnusableKeys } from "../../permissions/UnusableKeys";
import { DayStepper } from "../../ui/DayStepper";
import { PageHeader } from "../../ui/PageHeader";
import { Loaded } from "../../ui/states";
import { addDays, formatLongDay, localToday } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import { BelowMinimum } from "./BelowMinimum";
import { ClosuresOfDay } from "./ClosuresOfDay";
import { ConflictsOfDay } from "./ConflictsOfDay";
import { InactiveSeats } from "./InactiveSeats";
import { SessionsOfDay } from "./SessionsOfDay";
import { StartsAndEnds } from "./StartsAndEnds";
import classes from "./TodayPage.module.css";
import { Undocumented } from "./Undocumented";

// Everything on the page is one request, so that its parts are of one moment.
const Today = graphql(`
  query Today(
    $day: Date!
    $yesterday: Date!
    $seesSchedule: Boolean!
    $seesGroups: Boolean!
    $seesEnrollments: Boolean!
  ) {
    ...SessionsOfDay
    ...ConflictsOfDay
    ...ClosuresOfDay
    ...StartsAndEnds
    ...BelowMinimum
    ...InactiveSeats
    ...Undocumented
  }
`);

const route = getRouteApi("/today");

/** What a coordinator opens in the morning: the sessions of a day, and what needs attention. */
export function TodayPage() {
  useNow(); // so that a page that stays open shows the next day after midnight
  const today = localToday();
  const { day = today } = route.useSearch();
  const navigate = useNavigate({ from: "/today" });
  return (
    <>
      <PageHeader
        title={day === today ? "Today" : formatLongDay(day)}
        below={day === today && <Text c="dimmed">{formatLongDay(day)}</Text>}
        actions={
          <DayStepper
            day={day}
            unit="day"
            onChange={(next) => void navigate({ search: { day: next }, resetScroll: false })}
          />
        }
      />
      <Day day={day} today={today} />
      <UnusableKeys of={["definitions", "schedule", "enrollments"]} />
    </>
  );
}

function Day({ day, today }: { day: string; today: string }) {
  const may = usePermissions();
  const result = useLiveQuery(Today, {
    day,
    yesterday: addDays(today, -1),
    seesSchedule: may("pm.group_schedule.view"),
    seesGroups: may("pm.group_definitions.view"),
    seesEnrollments: may("pm.group_enrollments.view"),
  });
  return (
    <Loaded result={result}>
      {(data) => (
        <div className={classes.page} aria-busy={result.outdated}>
          <div className={classes.main}>
            <SessionsOfDay of={data} />
          </div>
          <div className={classes.beside}>
            <ConflictsOfDay of={data} />
            <ClosuresOfDay of={data} />
            <Undocumented of={data} />
          </div>
          <div className={classes.below}>
            <StartsAndEnds of={data} />
            <BelowMinimum of={data} />
            <InactiveSeats of={data} />
          </div>
        </div>
      )}
    </Loaded>
  );
}
