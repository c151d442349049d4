import { formatDay, localToday } from "../../ui/times";
import type { Lanes } from "./search";
import classes from "./Week.module.css";
import { ClosuresRow, hasClosures, type WeekClosuresRef } from "./WeekClosures";
import { WeekSession } from "./WeekSession";
import type { Lane } from "./weekSessions";

type Props = { days: readonly string[]; lanes: readonly Lane[]; by: Lanes; closures: WeekClosuresRef };

const HEADINGS: Record<Lanes, string> = { facilitator: "Facilitator", room: "Room" };

/** The week as a table: a row for what is closed, one for each facilitator or room, and a column for each day. */
export function WeekGrid({ days, lanes, by, closures }: Props) {
  const today = localToday();
  return (
    <table className={classes.grid}>
      <thead>
        <tr>
          <th className={classes.lane}>{HEADINGS[by]}</th>
          {days.map((day) => (
            <th key={day} aria-current={day === today ? "date" : undefined}>
              {formatDay(day)}
              {day === today && <div className={classes.today}>Today</div>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {hasClosures(closures) && <ClosuresRow days={days} of={closures} />}
        {lanes.map(({ id, name, sessions }) => (
          <tr key={id}>
            <th scope="row" className={classes.lane}>
              {name}
            </th>
            {days.map((day) => (
              <td key={day}>
                {sessions
                  .filter(({ sessionDate }) => sessionDate === day)
                  .map((session) => (
                    <WeekSession key={session.id} session={session} lane={by} />
                  ))}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
