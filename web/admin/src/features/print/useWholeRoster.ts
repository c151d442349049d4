import { graphql } from "../../api/generated";
import type { LiveResult } from "../../api/useLiveQuery";
import { everyPage, useWhole } from "../../api/useWhole";
import type { PatientNames } from "./sheetName";

const SheetRoster = graphql(`
  query SheetRoster($id: ID!, $after: String) {
    occurrence(id: $id) {
      id
      roster(first: 200, after: $after) {
        nodes {
          id
          patient {
            id
            displayName
            preferredName
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export type ExpectedPatient = PatientNames & { id: string };

/** Read every page of a session's roster. A sheet on which somebody is missing would be worse than none. */
export function useWholeRoster(id: string): LiveResult<readonly ExpectedPatient[]> {
  return useWhole(id, async (client) => {
    const roster = await everyPage(client, SheetRoster, { id }, ({ occurrence }) => occurrence?.roster);
    return roster.flatMap(({ patient }) => patient ?? []);
  });
}
