import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { ShortList } from "../../ui/ShortList";
import { formatDay, formatStart } from "../../ui/times";
import { SessionLink } from "../sessions/SessionLink";
import { Part } from "./Part";
import classes from "./SessionsOfDay.module.css";

// Sessions of today show in the list of the day, with a mark once they are over.
const UndocumentedFields = graphql(`
  fragment Undocumented on Query {
    undocumented: occurrences(filter: { through: $yesterday, status: [SCHEDULED] }, orderBy: STARTS_AT_DESC, first: 50)
      @include(if: $seesSchedule) {
      totalCount
      nodes {
        id
        sessionDate
        startTime
        startsAt
        timeZone
        facilitator {
          displayName
        }
        groupDefinition @include(if: $seesGroups) {
          id
          name
        }
      }
    }
  }
`);

/** The sessions before today that are still scheduled: nobody has documented or cancelled them. */
export function Undocumented({ of }: { of: FragmentType<typeof UndocumentedFields> }) {
  const { undocumented } = readFragment(UndocumentedFields, of);
  return (
    <Part
      title="Past and not documented"
      list={undocumented}
      what="sessions"
      needs="pm.group_schedule.view"
      none="Every session before today is documented or cancelled."
    >
      {({ nodes, totalCount }) => (
        <ShortList items={nodes} total={totalCount}>
          {({ id, groupDefinition: group, sessionDate, facilitator, ...start }) => (
            <>
              <SessionLink sessionId={id} groupId={group?.id} className={classes.link}>
                {group?.name ?? "Session"}
              </SessionLink>
              <div>
                {formatDay(sessionDate)}, {formatStart(start)} · {facilitator.displayName}
              </div>
            </>
          )}
        </ShortList>
      )}
    </Part>
  );
}
