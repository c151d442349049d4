// The server under test, used without a client library: to prepare groups, and to see what the server itself holds.
import assert from "node:assert/strict";
import { rosterQuery } from "./documents.ts";

export const url = setting("GRAPHQL_URL");
export const urlWithoutPersistedQueries = setting("GRAPHQL_URL_WITHOUT_PERSISTED_QUERIES");
export const headers = { authorization: `Bearer ${setting("GRAPHQL_TOKEN")}` };

/** The registry id of both a patient and a member of staff. */
export const SHARED_REGISTRY_ID = "patient-1";

export type Variables = Record<string, unknown>;
export type Enrollment = { id: string; status: string; waitlistPosition: number | null };
export type Roster = {
  groupDefinition: {
    id: string;
    name: string;
    capacity: { enrolled: number; waitlisted: number };
    enrollments: { nodes: Enrollment[] };
  };
};
export type Connection = {
  edges: { node: { id: string } }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
};
export type Page = { groupDefinition: { enrollments: Connection } };

function setting(name: string): string {
  const value = process.env[name];
  assert(value, `${name} is not set`);
  return value;
}

export async function send<Data>(query: string, variables: Variables): Promise<Data> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
  assert.equal(errors, undefined);
  return data;
}

/** Creates a group and enrolls `patient-1`, `patient-2` and so on. Those beyond the seats are on the waitlist. */
export async function makeGroup(seats: number, patients: number): Promise<string> {
  const { createGroupDefinition } = await send<{ createGroupDefinition: { groupDefinition: { id: string } } }>(
    `mutation ($input: CreateGroupDefinitionInput!) {
      createGroupDefinition(input: $input) { groupDefinition { id } userErrors { message } }
    }`,
    {
      input: {
        name: "Mindful mornings",
        groupType: "THERAPY",
        facilitatorId: SHARED_REGISTRY_ID,
        maxCapacity: seats,
        durationMinutes: 60,
      },
    },
  );
  const { id } = createGroupDefinition.groupDefinition;
  for (let number = 1; number <= patients; number += 1) {
    await send(
      `mutation ($input: EnrollPatientInput!) { enrollPatient(input: $input) { userErrors { message } } }`,
      { input: { groupDefinitionId: id, patientId: `patient-${number}` } },
    );
  }
  return id;
}

export async function renameGroup(id: string, name: string): Promise<void> {
  await send(
    `mutation ($input: UpdateGroupDefinitionInput!) {
      updateGroupDefinition(input: $input) { userErrors { message } }
    }`,
    { input: { id, name } },
  );
}

/** Deletes a group, and ends an enrollment in it. Its seat stays free until the group is restored. */
export async function deleteGroupWithFreeSeat(id: string): Promise<void> {
  const { groupDefinition } = await rosterOnServer(id);
  const seated = groupDefinition.enrollments.nodes.find(({ status }) => status === "ENROLLED");
  await send(
    `mutation ($group: DeleteGroupDefinitionInput!, $enrollment: DisenrollPatientInput!) {
      deleteGroupDefinition(input: $group) { userErrors { message } }
      disenrollPatient(input: $enrollment) { userErrors { message } }
    }`,
    { group: { id }, enrollment: { enrollmentId: seated?.id } },
  );
}

export async function rosterOnServer(id: string): Promise<Roster> {
  return send<Roster>(rosterQuery, { id });
}

/** Returns how many different nodes a list has. */
export function countNodes({ edges }: Connection): number {
  return new Set(edges.map(({ node }) => node.id)).size;
}

/** Returns a `fetch` that notes of each request its method, and whether it has the query's text or only the hash. */
export function recordingFetch(): { fetch: typeof fetch; requests: string[] } {
  const requests: string[] = [];
  return {
    requests,
    fetch(input, init) {
      const parameters = new URL(String(input)).searchParams;
      const body = init?.body ? (JSON.parse(String(init.body)) as Variables) : {};
      requests.push(`${init?.method} ${body["query"] || parameters.get("query") ? "text" : "hash"}`);
      return fetch(input, init);
    },
  };
}
