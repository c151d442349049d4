import { graphql } from "../../api/generated";
import { everyPage, useWhole } from "../../api/useWhole";
import type { Change } from "../../live/changeStream";
import { usePermissions } from "../../permissions/permissions";
import type { Program } from "./search";

const ProgramsOfGroups = graphql(`
  query ProgramsOfGroups($after: String) {
    groupDefinitions(filter: { includeDeleted: true }, first: 200, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        countsToward
      }
    }
  }
`);

/**
 * Return a function that says whether a change may concern the weeks of a program: whether it is of a group that counts
 * toward it, or of one that is not known, such as a new one. Somebody who starts to wait changes no week.
 */
export function useConcerns(program: Program): (change: Change) => boolean {
  const may = usePermissions();
  const { data: groups } = useWhole(may("pm.group_definitions.view") ? "groups" : null, (client) =>
    everyPage(client, ProgramsOfGroups, {}, ({ groupDefinitions }) => groupDefinitions, { requestPolicy: "cache-first" }),
  );
  return ({ event, groupDefinitionId }) => {
    const group = groups?.find(({ id }) => id === groupDefinitionId);
    return event !== "pm_group_patient_waitlisted" && (group === undefined || group.countsToward.includes(program));
  };
}
