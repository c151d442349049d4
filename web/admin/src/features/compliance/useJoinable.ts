import { useQuery } from "urql";
import { graphql } from "../../api/generated";
import { usePermissions } from "../../permissions/permissions";
import { useNow } from "../../ui/useNow";
import type { Program } from "./search";

const MOST_GROUPS = 200;

// Three sessions a day are as many as a program has.
const OpenGroups = graphql(`
  query OpenGroups($first: Int!, $remaining: OccurrenceFilter!) {
    groupDefinitions(filter: { capacityStatus: [OPEN] }, first: $first) {
      nodes {
        id
        name
        countsToward
        capacity {
          available
        }
        occurrences(filter: $remaining, first: 21) {
          nodes {
            id
            sessionDate
            startsAt
            durationMinutes
          }
        }
      }
    }
  }
`);

/** A group whose remaining sessions of a week a patient could join. */
export type JoinableGroup = { id: string; name: string; hours: number; days: number; freeSeats: number };

/**
 * Return the groups with free seats that count toward a program and still meet between two days, those with most hours
 * first; null while they load, and undefined if the person may not see groups and sessions.
 */
export function useJoinable(program: Program, from: string, through: string): JoinableGroup[] | null | undefined {
  const may = usePermissions();
  const now = useNow();
  const sees = may("pm.group_definitions.view") && may("pm.group_schedule.view");
  const [{ data }] = useQuery({
    query: OpenGroups,
    variables: { first: MOST_GROUPS, remaining: { from, through, status: ["SCHEDULED"] } },
    requestPolicy: "cache-first",
    pause: !sees || from > through,
  });
  if (!sees) return undefined;
  if (from > through) return [];
  if (data === undefined) return null;
  return (data.groupDefinitions?.nodes ?? [])
    .filter(({ countsToward }) => countsToward.includes(program))
    .map(({ id, name, capacity, occurrences }) => {
      const sessions = (occurrences?.nodes ?? []).filter(({ startsAt }) => new Date(startsAt) > now);
      return {
        id,
        name,
        hours: sessions.reduce((sum, { durationMinutes }) => sum + durationMinutes / 60, 0),
        days: new Set(sessions.map(({ sessionDate }) => sessionDate)).size,
        freeSeats: capacity.available,
      };
    })
    .filter(({ days }) => days > 0)
    .toSorted((a, b) => b.hours - a.hours);
}
