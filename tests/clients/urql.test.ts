// urql with graphcache, its normalized cache, which knows the schema.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Client as Urql, fetchExchange, type Exchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { persistedExchange } from "@urql/exchange-persisted";
import { buildSchema, introspectionFromSchema } from "graphql";
import { clientTests, type Client } from "./cases.ts";
import {
  countNodes,
  headers,
  makeGroup,
  recordingFetch,
  url,
  urlWithoutPersistedQueries,
  type Connection,
  type Page,
  type Roster,
  type Variables,
} from "./clinic.ts";
import { rosterQuery } from "./documents.ts";

/** A document of its own, so that no other client has made its hash known. */
const persistedQuery = rosterQuery.replace("documentsRosterQuery", "UrqlRoster");

const pageQuery = `
  query Page($id: ID!, $after: String) {
    groupDefinition(id: $id) {
      id
      enrollments(first: 2, after: $after) {
        edges { node { id } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`;

const text = readFileSync(new URL("schema.graphql", import.meta.url), "utf8");
const schema = introspectionFromSchema(buildSchema(text));

/** Types without an id, which graphcache keeps with their parent. */
const keys = { Capacity: () => null, EnrollmentConnection: () => null, EnrollmentEdge: () => null };

function urql(...exchanges: Exchange[]): Urql {
  return new Urql({ url, fetchOptions: { headers }, preferGetMethod: false, exchanges: [...exchanges, fetchExchange] });
}

async function cachingClient(): Promise<Client> {
  const client = urql(cacheExchange({ schema, keys }));
  async function read<Data>(query: string, variables: Variables, requestPolicy: "network-only" | "cache-only") {
    const { data, error } = await client.query(query, variables, { requestPolicy }).toPromise();
    assert.equal(error, undefined);
    return data as Data;
  }
  return {
    load: (query, variables) => read(query, variables, "network-only"),
    cached: (query, variables) => read(query, variables, "cache-only"),
    async mutate(mutation, variables) {
      const { error } = await client.mutation(mutation, variables).toPromise();
      assert.equal(error, undefined);
    },
  };
}

clientTests(cachingClient);

test("pages are joined into one list", async () => {
  const resolvers = { GroupDefinition: { enrollments: relayPagination() } };
  const client = urql(cacheExchange({ schema, keys, resolvers }));
  const id = await makeGroup(3, 5);
  const sizes: number[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const { data, error } = await client.query<Page>(pageQuery, { id, after }).toPromise();
    assert(data, String(error));
    const enrollments: Connection = data.groupDefinition.enrollments;
    sizes.push(countNodes(enrollments));
    ({ hasNextPage: more, endCursor: after } = enrollments.pageInfo);
  }
  assert.deepEqual(sizes, [2, 4, 5]);
});

/** Loads a roster twice, without a cache, and returns the requests that were sent. */
async function loadPersistedTwice(url: string): Promise<string[]> {
  const id = await makeGroup(1, 1);
  const { fetch, requests } = recordingFetch();
  const client = new Urql({
    url,
    fetch,
    fetchOptions: { headers },
    preferGetMethod: false,
    exchanges: [persistedExchange(), fetchExchange],
  });
  for (let round = 0; round < 2; round += 1) {
    const { data, error } = await client.query<Roster>(persistedQuery, { id }).toPromise();
    assert.equal(data?.groupDefinition.id, id, String(error));
  }
  return requests;
}

test("a persisted query is sent once and then only its hash", async () => {
  assert.deepEqual(await loadPersistedTwice(url), ["GET hash", "GET text", "GET hash"]);
});

test("a server without persisted queries gets the text", async () => {
  const requests = await loadPersistedTwice(urlWithoutPersistedQueries);
  assert.deepEqual(requests, ["GET hash", "GET text", "POST text"]);
});
