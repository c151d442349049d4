// The ids in the variables of the example mutations. On the demo clinic they are ids of its records, so that every
// example runs as delivered. Elsewhere they are placeholders: one click must not change a real patient's record.
import query from "./exampleIds.graphql?raw";
import type { Fetcher } from "./fetcher";

export type ExampleIds = {
  facilitatorId: string;
  locationId: string;
  groupDefinitionId: string;
  patientId: string;
  enrollmentId: string;
};

export const PLACEHOLDERS: ExampleIds = {
  facilitatorId: "an id from staffMembers",
  locationId: "an id from locations",
  groupDefinitionId: "a group's id",
  patientId: "an id from patients",
  enrollmentId: "an enrollment's id",
};

type Node = { id: string };
type Nodes<T = Node> = { nodes: T[] };
type Group = Node & { enrollments: Nodes<Node & { patient: Node }>; waitlist: Nodes };
type Result = {
  data?: {
    staffMembers: Nodes<Node & { active: boolean }>;
    locations: Nodes;
    patients: Nodes<Node & { active: boolean }>;
    openGroups: Nodes<Group>;
    fullGroups: Nodes<Group>;
  } | null;
  errors?: { extensions?: { code?: string } }[];
};

/**
 * Returns ids of the demo clinic: a patient without a seat in an open group, and a seat that somebody waits for. An id
 * that the person may not see stays a placeholder. Returns null if the server refuses the token.
 */
export async function demoIds(fetcher: Fetcher): Promise<ExampleIds | null> {
  const { data, errors } = (await fetcher({ query }).catch(() => ({}))) as Result;
  if (errors?.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED")) return null;
  const group = data?.openGroups.nodes[0];
  const seated = new Set(group?.enrollments.nodes.map(({ patient }) => patient.id));
  const withWaitlist = data?.fullGroups.nodes.find(({ waitlist }) => waitlist.nodes.length > 0);
  return {
    facilitatorId: data?.staffMembers.nodes.find(({ active }) => active)?.id ?? PLACEHOLDERS.facilitatorId,
    locationId: data?.locations.nodes[0]?.id ?? PLACEHOLDERS.locationId,
    groupDefinitionId: group?.id ?? PLACEHOLDERS.groupDefinitionId,
    patientId: data?.patients.nodes.find(({ id, active }) => active && !seated.has(id))?.id ?? PLACEHOLDERS.patientId,
    enrollmentId: withWaitlist?.enrollments.nodes[0]?.id ?? PLACEHOLDERS.enrollmentId,
  };
}
