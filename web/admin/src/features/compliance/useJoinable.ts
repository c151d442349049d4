import { graphql } from "../../api/generated";
import { everyPage, useWhole } from "../../api/useWhole";
import { usePermissions } from "../../permissions/permissions";
import { useNow } from "../../ui/useNow";
import type { Program } from "./search";

// Three sessions a day are as many as a program has.
const OpenGroups = graphql(`
  query OpenGroups($remaining: OccurrenceFilter!, $after: String) {
    groupDefinitions(filter: { capacityStatus: [OPEN] }, first: 200, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
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
 * first; null while they load, "failed" if they cannot be, and undefined if the person may not see groups and sessions.
 */
export function useJoinable(program: Program, from: string, through: string): JoinableGroup[] | "failed" | null | undefined {
  const may = usePermissions();
  const now = useNow();
  const sees = may("pm.group_definitions.view") && may("pm.group_schedule.view");
  const { data, error } = useWhole(sees && from <= through ? `${from} ${through}` : null, (client) => {
    const variables = { remaining: { from, through, status: ["SCHEDULED" as const] } };
    // The sections of the board ask for the same groups.
    return everyPage(client, OpenGroups, variables, ({ groupDefinitions }) => groupDefinitions, { requestPolicy: "cache-first" });
  });
  if (!sees) return undefined;
  if (from > through) return [];
  if (data === undefined) return error === undefined ? null : "failed";
  return data
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
