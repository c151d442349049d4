import IconCalendarOff from "@tabler/icons-react/icons/IconCalendarOff";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { placeInWords } from "../sessions/words";
import classes from "./Week.module.css";

export const WeekClosuresFields = graphql(`
  fragment WeekClosures on ClosureConnection {
    totalCount
    nodes {
      id
      name
      from
      through
      location {
        site
        room
      }
    }
  }
`);

export type WeekClosuresRef = FragmentType<typeof WeekClosuresFields> | null;

/** Return whether anything is closed in the week. */
export function hasClosures(of: WeekClosuresRef): boolean {
  return (readFragment(WeekClosuresFields, of)?.nodes.length ?? 0) > 0;
}

/** What is closed on a day, whichever facilitator or room the calendar is narrowed to. Nothing shows if all is open. */
export function ClosuresOn({ day, of }: { day: string; of: WeekClosuresRef }) {
  const closures = readFragment(WeekClosuresFields, of)?.nodes ?? [];
  return closures
    .filter(({ from, through }) => from <= day && day <= through)
    .map(({ id, name, location }) => (
      <div key={id} className={classes.closure}>
        <div className={classes.closureName}>
          <IconCalendarOff size={13} aria-hidden /> Closed: {name}
        </div>
        {location === null ? "The whole clinic" : placeInWords(location)}
      </div>
    ));
}

/** The closures of the week as a row of the table, above the sessions. */
export function ClosuresRow({ days, of }: { days: readonly string[]; of: WeekClosuresRef }) {
  return (
    <tr>
      <th scope="row" className={classes.lane}>
        Closures
      </th>
      {days.map((day) => (
        <td key={day}>
          <ClosuresOn day={day} of={of} />
        </td>
      ))}
    </tr>
  );
}
