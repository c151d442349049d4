import { Anchor, Paper, Skeleton, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { ComplianceBadge } from "../../ui/ComplianceBadge";
import { hoursOf } from "../../ui/names";
import { formatDates } from "../../ui/times";
import classes from "./Compliance.module.css";
import { GapList } from "./GapList";
import { scheduledInWords } from "./words";

// The charts are larger than all of the first load, so they are loaded only here.
const ForecastChart = lazy(() => import("./ForecastChart"));

export const ForecastFields = graphql(`
  fragment ForecastWeek on Compliance {
    ...ComplianceBadge
    weekStart
    weekEnd
    status
    hours
    days
    gaps {
      message
    }
  }
`);

type Props = {
  weeks: ReadonlyArray<FragmentType<typeof ForecastFields>>;
  minimum: number | null;
  maximum: number | null;
  /** The first day of the week that the page shows. */
  shown: string;
};

/** The coming weeks as a chart, and the same as a table whose rows lead to their weeks. */
export function Forecast({ weeks: of, minimum, maximum, shown }: Props) {
  const weeks = readFragment(ForecastFields, of);
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="forecast">
      <Title order={2} size="h4" mb="sm" id="forecast">
        The coming {weeks.length} weeks
      </Title>
      <div className={classes.legend} aria-hidden>
        <span data-status="COMPLIANT">Compliant</span>
        <span data-status="NON_COMPLIANT">Non-Compliant</span>
        {minimum !== null && <span data-line>At least {hoursOf(minimum)}</span>}
        {maximum !== null && <span data-line>At most {hoursOf(maximum)}</span>}
      </div>
      <Suspense fallback={<Skeleton height={220} />}>
        <ForecastChart weeks={weeks} minimum={minimum} maximum={maximum} />
      </Suspense>
      <table className={classes.table} style={{ marginBlockStart: "var(--mantine-spacing-md)" }}>
        <thead>
          <tr>
            <th>Week</th>
            <th className={classes.wide}>Hours</th>
            <th className={classes.wide}>Days</th>
            <th>Compliance</th>
          </tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr key={week.weekStart} data-current={week.weekStart === shown || undefined}>
              <th scope="row">
                <Anchor
                  inherit
                  underline="hover"
                  className={classes.week}
                  aria-current={week.weekStart === shown ? "true" : undefined}
                  renderRoot={(props) => (
                    <Link
                      to="."
                      search={(previous) => ({ ...previous, week: week.weekStart })}
                      resetScroll={false}
                      {...props}
                    />
                  )}
                >
                  {formatDates(week.weekStart, week.weekEnd)}
                </Anchor>
                <div className={`${classes.dimmed} ${classes.narrow}`}>{scheduledInWords(week)}</div>
              </th>
              <td className={`${classes.number} ${classes.wide}`}>{week.hours}</td>
              <td className={`${classes.number} ${classes.wide}`}>{week.days}</td>
              <td>
                <ComplianceBadge of={week} />
                <GapList gaps={week.gaps} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Paper>
  );
}
