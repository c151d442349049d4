// Apollo Client with its in-memory cache.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ApolloClient, gql, HttpLink, InMemoryCache, type ApolloLink } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";
import { clientTests, type Client } from "./cases.ts";
import {
  countNodes,
  headers,
  makeGroup,
  recordingFetch,
  url,
  urlWithoutPersistedQueries,
  type Page,
  type Roster,
  type Variables,
} from "./clinic.ts";
import { rosterQuery } from "./documents.ts";

/** A document of its own, so that no other client has made its hash known. */
const persistedQuery = rosterQuery.replace("documentsRosterQuery", "ApolloRoster");

const pageQuery = gql`
  query Page($id: ID!, $after: String) {
    groupDefinition(id: $id) {
      id
      enrollments(first: 2, after: $after) {
        edges {
          cursor
          node {
            id
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`;

const http = new HttpLink({ uri: url, headers });

function apollo(cache = new InMemoryCache(), link: ApolloLink = http): ApolloClient {
  return new ApolloClient({ cache, link });
}

async function cachingClient(): Promise<Client> {
  const client = apollo();
  return {
    async load<Data>(query: string, variables: Variables) {
      const { data } = await client.query({ query: gql(query), variables, fetchPolicy: "network-only" });
      return data as Data;
    },
    async cached<Data>(query: string, variables: Variables) {
      return client.readQuery({ query: gql(query), variables }) as Data;
    },
    async mutate(mutation: string, variables: Variables) {
      await client.mutate({ mutation: gql(mutation), variables });
    },
  };
}

clientTests(cachingClient);

test("pages are joined into one list", async () => {
  const paginated = { fields: { enrollments: relayStylePagination() } };
  const client = apollo(new InMemoryCache({ typePolicies: { GroupDefinition: paginated } }));
  const id = await makeGroup(3, 5);
  const list = client.watchQuery<Page>({ query: pageQuery, variables: { id } });
  const shown = () => (list.getCurrentResult().data as Page).groupDefinition.enrollments;
  await list.refetch();
  const sizes = [countNodes(shown())];
  while (shown().pageInfo.hasNextPage) {
    await list.fetchMore({ variables: { after: shown().pageInfo.endCursor } });
    sizes.push(countNodes(shown()));
  }
  assert.deepEqual(sizes, [2, 4, 5]);
});

/** Loads a roster twice, each time with a new cache, and returns the requests that were sent. */
async function loadPersistedTwice(uri: string): Promise<string[]> {
  const id = await makeGroup(1, 1);
  const { fetch, requests } = recordingFetch();
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
  const link = persisted.concat(new HttpLink({ uri, headers, fetch }));
  for (let round = 0; round < 2; round += 1) {
    const client = apollo(new InMemoryCache(), link);
    const { data } = await client.query<Roster>({ query: gql(persistedQuery), variables: { id } });
    assert.equal(data?.groupDefinition.id, id);
  }
  return requests;
}

test("a persisted query is sent once and then only its hash", async () => {
  assert.deepEqual(await loadPersistedTwice(url), ["GET hash", "POST text", "GET hash"]);
});

test("a server without persisted queries gets the text", async () => {
  const requests = await loadPersistedTwice(urlWithoutPersistedQueries);
  assert.deepEqual(requests, ["GET hash", "POST text", "POST text"]);
});
