// Relay's runtime and compiler, without React. The compiler writes the artifacts into generated.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  commitMutation,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  getRequest,
  Network,
  RecordSource,
  Store,
  type FetchFunction,
} from "relay-runtime";
import { clientTests, type Client } from "./cases.ts";
import {
  countNodes,
  makeGroup,
  recordingFetch,
  renameGroup,
  type Page,
  type Roster,
  type Variables,
} from "./clinic.ts";
import { rosterQuery } from "./documents.ts";
import { pageQuery, refetchQuery } from "./relayDocuments.ts";
import { artifact, persisted, post, sendText } from "./relayNetwork.ts";

class Relay implements Client {
  readonly environment: Environment;

  constructor(send = sendText) {
    this.environment = new Environment({ network: Network.create(send), store: new Store(new RecordSource()) });
  }

  async load<Data>(query: string, variables: Variables): Promise<Data> {
    const node = await artifact(query);
    this.environment.retain(createOperationDescriptor(getRequest(node), variables));
    await fetchQuery(this.environment, node, variables).toPromise();
    return this.cached<Data>(query, variables);
  }

  async cached<Data>(query: string, variables: Variables): Promise<Data> {
    const operation = createOperationDescriptor(getRequest(await artifact(query)), variables);
    return this.environment.lookup(operation.fragment).data as Data;
  }

  async mutate(mutation: string, variables: Variables): Promise<void> {
    const node = await artifact(mutation);
    await new Promise<void>((resolve, reject) => {
      commitMutation(this.environment, {
        mutation: node,
        variables,
        onCompleted: (_, errors) => (errors?.length ? reject(new Error(errors[0]?.message)) : resolve()),
        onError: reject,
      });
    });
  }
}

clientTests(async () => new Relay());

test("pages are joined into one list", async () => {
  const relay = new Relay();
  const id = await makeGroup(3, 5);
  const sizes: number[] = [];
  for (let after: string | null = null, more = true; more; ) {
    await relay.load(pageQuery, { id, after });
    const { groupDefinition }: Page = await relay.cached<Page>(pageQuery, { id, after });
    sizes.push(countNodes(groupDefinition.enrollments));
    ({ hasNextPage: more, endCursor: after } = groupDefinition.enrollments.pageInfo);
  }
  assert.deepEqual(sizes, [2, 4, 5]);
});

test("node(id) refetches the record that other queries show", async () => {
  const relay = new Relay();
  const id = await makeGroup(1, 1);
  await relay.load(rosterQuery, { id });
  await renameGroup(id, "Evening mindfulness");
  await relay.load(refetchQuery, { id });
  assert.equal((await relay.cached<Roster>(rosterQuery, { id })).groupDefinition.name, "Evening mindfulness");
});

test("a persisted query is sent once and then only its hash", async () => {
  const id = await makeGroup(1, 1);
  const { fetch, requests } = recordingFetch();
  const sendHash: FetchFunction = async ({ id: hash }, variables) => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: hash } };
    const response = await post({ extensions, variables }, fetch);
    const unknown = "errors" in response && response.errors?.[0]?.message === "PersistedQueryNotFound";
    return unknown ? post({ extensions, variables, query: persisted[hash ?? ""] }, fetch) : response;
  };
  for (let round = 0; round < 2; round += 1) {
    const { groupDefinition } = await new Relay(sendHash).load<Roster>(rosterQuery, { id });
    assert.equal(groupDefinition.id, id);
  }
  assert.deepEqual(requests, ["POST hash", "POST text", "POST hash"]);
});
