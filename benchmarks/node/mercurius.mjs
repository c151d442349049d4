// Mercurius with its JIT, over node-postgres.
// usage: node mercurius.mjs PORT loaders|joined, with DATABASE_URL set
// loaders: one statement for each level of a query; joined: the root resolvers load everything that a query may select.
import Fastify from "fastify";
import mercurius from "mercurius";
import { enrollmentsOf, enrollmentsWithPatientsOf, group, groups, patientsOf, seatsOf, sessionsOf, staffOf } from "./rows.mjs";

const typeDefs = `
  type Query {
    groupDefinitions(first: Int!): GroupDefinitionConnection!
    groupDefinition(id: ID!): GroupDefinition
  }
  type GroupDefinitionConnection { nodes: [GroupDefinition!]! }
  type GroupDefinition {
    id: ID!
    name: String!
    groupType: String!
    timeZone: String!
    maxCapacity: Int!
    minCapacity: Int
    durationMinutes: Int!
    version: Int!
    createdAt: String!
    facilitator: StaffMember!
    capacity: Capacity!
    occurrences(first: Int!): OccurrenceConnection!
    enrollments(first: Int!): EnrollmentConnection!
  }
  type StaffMember { id: ID!, displayName: String! }
  type Capacity { enrolled: Int!, max: Int!, available: Int!, status: String! }
  type OccurrenceConnection { nodes: [Occurrence!]! }
  type Occurrence {
    id: ID!
    sessionDate: String!
    startTime: String!
    endTime: String!
    startsAt: String!
    status: String!
  }
  type EnrollmentConnection { nodes: [Enrollment!]! }
  type Enrollment { id: ID!, status: String!, waitlistPosition: Int, enrolledAt: String, patient: Patient! }
  type Patient { id: ID!, displayName: String! }
`;

function capacity(max, enrolled) {
  const status = enrolled < max ? "OPEN" : enrolled === max ? "FULL" : "OVER_CAPACITY";
  return { enrolled, max, available: Math.max(0, max - enrolled), status };
}

const page = (nodes) => ({ nodes });

const byLoaders = {
  resolvers: {
    Query: {
      groupDefinitions: async (_, { first }) => page(await groups(first)),
      groupDefinition: (_, { id }) => group(id),
    },
  },
  loaders: {
    GroupDefinition: {
      facilitator: loader((queries) => staffOf(queries.map(({ obj }) => obj.facilitatorId))),
      capacity: loader(async (queries) => {
        const seats = await seatsOf(queries.map(({ obj }) => obj.id));
        return queries.map(({ obj }, index) => capacity(obj.maxCapacity, seats[index]));
      }),
      occurrences: loader(async (queries) =>
        (await sessionsOf(queries.map(({ obj }) => obj.id), queries[0].params.first)).map(page),
      ),
      enrollments: loader(async (queries) =>
        (await enrollmentsOf(queries.map(({ obj }) => obj.id), queries[0].params.first)).map(page),
      ),
    },
    Enrollment: {
      patient: loader((queries) => patientsOf(queries.map(({ obj }) => obj.patientId))),
    },
  },
};

// A request loads each object once, so a cache by the JSON of the parents would only cost time.
function loader(load) {
  return { loader: load, opts: { cache: false } };
}

const joined = {
  resolvers: {
    Query: {
      groupDefinitions: async (_, { first }) => {
        const loaded = await groups(first);
        const ids = loaded.map(({ id }) => id);
        const [staff, sessions, enrollments] = await Promise.all([
          staffOf(loaded.map(({ facilitatorId }) => facilitatorId)),
          sessionsOf(ids, 20),
          enrollmentsWithPatientsOf(ids, 20),
        ]);
        loaded.forEach((item, index) => {
          item.facilitator = staff[index];
          item.occurrences = page(sessions[index]);
          item.enrollments = page(enrollments[index]);
        });
        return page(loaded);
      },
      groupDefinition: async (_, { id }) => {
        const [loaded, [sessions], [enrolled]] = await Promise.all([group(id), sessionsOf([id], 5), seatsOf([id])]);
        if (loaded) {
          loaded.occurrences = page(sessions);
          loaded.capacity = capacity(loaded.maxCapacity, enrolled);
        }
        return loaded;
      },
    },
  },
};

const app = Fastify();
app.register(mercurius, { schema: typeDefs, jit: 1, graphiql: false, ...(process.argv[3] === "joined" ? joined : byLoaders) });
await app.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
