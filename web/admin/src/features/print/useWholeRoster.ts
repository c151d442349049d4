import { useEffect, useState } from "react";
import { useClient, type Client, type CombinedError } from "urql";
import { graphql } from "../../api/generated";
import type { SheetRosterQuery, SheetRosterQueryVariables } from "../../api/generated/graphql";
import type { LiveResult } from "../../api/useLiveQuery";
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
type Roster = { data?: readonly ExpectedPatient[]; error?: CombinedError };

/** Read every page of a session's roster. A sheet on which somebody is missing would be worse than none. */
export function useWholeRoster(id: string): LiveResult<readonly ExpectedPatient[]> {
  const client = useClient();
  const [{ data, error }, setRoster] = useState<Roster>({});
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    let left = false;
    void readRoster(client, id).then((roster) => {
      if (!left) setRoster(roster);
    });
    return () => {
      left = true;
    };
  }, [client, id, attempt]);

  return { data, error, outdated: false, refresh: () => setAttempt((count) => count + 1) };
}

async function readRoster(client: Client, id: string): Promise<Roster> {
  const patients: ExpectedPatient[] = [];
  for (let after: string | null = null; ; ) {
    const variables: SheetRosterQueryVariables = { id, after };
    const { data, error } = await client.query<SheetRosterQuery>(SheetRoster, variables, { requestPolicy: "network-only" });
    const roster = data?.occurrence?.roster;
    if (error !== undefined) return { error };
    if (roster == null) return { data: patients };
    patients.push(...roster.nodes.flatMap(({ patient }) => patient ?? []));
    if (!roster.pageInfo.hasNextPage) return { data: patients };
    after = roster.pageInfo.endCursor;
  }
}
