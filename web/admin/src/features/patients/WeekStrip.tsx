import { hoursOf } from "../../ui/names";
import { addDays, formatDay } from "../../ui/times";
import classes from "./WeekStrip.module.css";

type Session = { sessionDate: string; startsAt: string; endsAt: string };
type Props = { label: string; weekStart: string; sessions: readonly Session[] };

const FULL_BAR_HOURS = 6;

/** Seven days with the hours of each. Sessions that overlap count once, as in the week's total. */
export function WeekStrip({ label, weekStart, sessions }: Props) {
  const days = [0, 1, 2, 3, 4, 5, 6].map((step) => addDays(weekStart, step));
  return (
    <ol className={classes.strip} aria-label={label}>
      {days.map((day) => {
        const hours = hoursIn(sessions.filter(({ sessionDate }) => sessionDate === day));
        const [weekday, date] = formatDay(day).split(",");
        return (
          <li key={day} className={classes.day} data-hours={hours > 0 || undefined}>
            <span className={classes.label}>
              {weekday} <br />
              {date}
            </span>
            <span aria-hidden className={classes.track}>
              <span className={classes.bar} style={{ blockSize: `${Math.min(100, (100 * hours) / FULL_BAR_HOURS)}%` }} />
            </span>
            <span className={classes.hours}>{hours === 0 ? "None" : hoursOf(hours).replace(/ hours?/, " h")}</span>
          </li>
        );
      })}
    </ol>
  );
}

/** Return the length of the union of the sessions. */
function hoursIn(sessions: readonly Session[]): number {
  const spans = sessions
    .map(({ startsAt, endsAt }) => [Date.parse(startsAt), Date.parse(endsAt)] as const)
    .toSorted(([a], [b]) => a - b);
  let [total, covered] = [0, 0];
  for (const [start, end] of spans) {
    total += Math.max(0, end - Math.max(start, covered));
    covered = Math.max(covered, end);
  }
  return total / 3_600_000;
}
