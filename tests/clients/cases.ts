// What every client must do with its stock settings. Each test makes a group of its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  deleteGroupWithFreeSeat,
  makeGroup,
  renameGroup,
  rosterOnServer,
  SHARED_REGISTRY_ID,
  type Enrollment,
  type Roster,
  type Variables,
} from "./clinic.ts";
import { disenroll, enroll, move, peopleQuery, promote, remove, restore, rosterQuery, update } from "./documents.ts";

export interface Client {
  /** Sends a query and returns its data. */
  load<Data>(query: string, variables: Variables): Promise<Data>;
  /** Reads a query from the cache and sends nothing. */
  cached<Data>(query: string, variables: Variables): Promise<Data>;
  mutate(mutation: string, variables: Variables): Promise<void>;
}

const SEATS = 2;
const PATIENTS = 6;

type People = {
  groupDefinition: { facilitator: { displayName: string } };
  patient: { displayName: string };
};

type Change = {
  mutation: string;
  input(roster: View, group: string): Variables;
  /** Prepares the group, which the client then loads. */
  prepare?(group: string): Promise<void>;
};

/** One change of each kind to a group of two seats, with four patients on its waitlist. */
const CHANGES: Record<string, Change> = {
  enrollPatient: {
    mutation: enroll,
    input: (_, group) => ({ groupDefinitionId: group, patientId: `patient-${PATIENTS + 1}` }),
  },
  disenrollPatient: { mutation: disenroll, input: ({ seated }) => ({ enrollmentId: seated[0] }) },
  promoteEnrollment: {
    mutation: promote,
    input: ({ waiting }) => ({ enrollmentId: waiting[2], allowOverCapacity: true }),
  },
  moveWaitlistedEnrollment: { mutation: move, input: ({ waiting }) => ({ enrollmentId: waiting[3], position: 1 }) },
  removeEnrollment: { mutation: remove, input: ({ seated }) => ({ enrollmentId: seated[1] }) },
  updateGroupDefinition: { mutation: update, input: (_, group) => ({ id: group, maxCapacity: SEATS + 2 }) },
  restoreGroupDefinition: { mutation: restore, input: (_, group) => ({ id: group }), prepare: deleteGroupWithFreeSeat },
};

/** What a screen shows of a roster. */
type View = {
  name: string;
  enrolled: number;
  waitlisted: number;
  seated: string[];
  waiting: string[];
  positions: number[];
};

function view({ groupDefinition: { name, capacity, enrollments } }: Roster): View {
  const position = ({ waitlistPosition }: Enrollment) => waitlistPosition ?? 0;
  const waitlist = enrollments.nodes
    .filter(({ status }) => status === "WAITLISTED")
    .toSorted((one, other) => position(one) - position(other));
  return {
    name,
    enrolled: capacity.enrolled,
    waitlisted: capacity.waitlisted,
    seated: enrollments.nodes.filter(({ status }) => status === "ENROLLED").map(({ id }) => id).toSorted(),
    waiting: waitlist.map(({ id }) => id),
    positions: waitlist.map(position),
  };
}

/** Declares the tests. */
export function clientTests(makeClient: () => Promise<Client>): void {
  test("a refetch shows what others have changed", async () => {
    const client = await makeClient();
    const id = await makeGroup(SEATS, 1);
    await client.load(rosterQuery, { id });
    await renameGroup(id, "Evening mindfulness");
    assert.equal(view(await client.cached<Roster>(rosterQuery, { id })).name, "Mindful mornings");
    await client.load(rosterQuery, { id });
    assert.equal(view(await client.cached<Roster>(rosterQuery, { id })).name, "Evening mindfulness");
  });

  test("a patient and a member of staff are two records", async () => {
    const client = await makeClient();
    const variables = { group: await makeGroup(SEATS, 0), patient: SHARED_REGISTRY_ID };
    await client.load(peopleQuery, variables);
    const { groupDefinition, patient } = await client.cached<People>(peopleQuery, variables);
    assert.deepEqual([groupDefinition.facilitator.displayName, patient.displayName], ["Staff 1", "Patient 1"]);
  });

  for (const [name, { mutation, input, prepare }] of Object.entries(CHANGES)) {
    test(`the cache shows the server's roster after ${name}`, async () => {
      const client = await makeClient();
      const id = await makeGroup(SEATS, PATIENTS);
      await prepare?.(id);
      const before = view(await client.load<Roster>(rosterQuery, { id }));
      assert.deepEqual(before.positions, [1, 2, 3, 4]);
      await client.mutate(mutation, { input: input(before, id) });
      const after = view(await client.cached<Roster>(rosterQuery, { id }));
      assert.notDeepEqual(after, before);
      assert.deepEqual(after, view(await rosterOnServer(id)));
    });
  }
}
