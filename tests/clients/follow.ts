// Follows changes with each of the libraries that docs/live.md names, and prints the name of the library and the id of
// each change. The links are the libraries' own; only the clients below them resume, and wait less between two attempts.
import assert from "node:assert/strict";
import { ApolloClient, ApolloLink, gql, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client as Urql, fetchExchange, subscriptionExchange } from "@urql/core";
import { print } from "graphql";
import { createClient as createSseClient, type Client as SseClient } from "graphql-sse";
import { createClient as createWsClient, type Client as WsClient } from "graphql-ws";
import {
  Environment,
  Network,
  Observable as RelayObservable,
  RecordSource,
  requestSubscription,
  Store,
  type SubscribeFunction,
} from "relay-runtime";
import { Observable } from "rxjs";
import WebSocket from "ws";
import { headers, url } from "./clinic.ts";
import { changesSubscription } from "./documents.ts";
import { artifact, persisted, sendText } from "./relayNetwork.ts";
import { resuming } from "./resuming.ts";

type Changes = { changes: { id: string } };
type Variables = { after: string };
type RelaySink = Parameters<WsClient["subscribe"]>[1] & Parameters<SseClient["subscribe"]>[1];
type Sink = {
  next(result: { data?: unknown; errors?: readonly unknown[]; error?: unknown }): void;
  error(reason: unknown): void;
  complete(): void;
};

const retryAttempts = 1_000;
const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 100));

const sse: SseClient = resuming(createSseClient({ url, headers, retryAttempts, retry: soon }));
const ws: WsClient = resuming(
  createWsClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: headers.authorization },
    retryAttempts,
    retryWait: soon,
    shouldRetry: () => true, // also if the server does not listen
  }),
);

/** The link of graphql-sse's documentation. */
class SSELink extends ApolloLink {
  override request(operation: ApolloLink.Operation): Observable<ApolloLink.Result> {
    return new Observable((sink) =>
      sse.subscribe<Record<string, unknown>, Record<string, unknown>>(
        { variables: operation.variables, query: print(operation.query) },
        { next: sink.next.bind(sink), error: sink.error.bind(sink), complete: sink.complete.bind(sink) },
      ),
    );
  }
}

function withApollo(link: ApolloLink, variables: Variables, sink: Sink): void {
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  client.subscribe<Changes>({ query: gql(changesSubscription), variables }).subscribe(sink);
}

function withUrql(client: SseClient | WsClient, variables: Variables, sink: Sink): void {
  const urql = new Urql({
    url,
    preferGetMethod: false,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (observer) => ({
            unsubscribe: client.subscribe({ ...request, query: request.query ?? "" }, observer),
          }),
        }),
      }),
    ],
  });
  urql.subscription<Changes>(changesSubscription, variables).subscribe(sink.next);
}

async function withRelay(client: SseClient | WsClient, variables: Variables, sink: Sink): Promise<void> {
  const subscribe: SubscribeFunction = ({ id, name }, variables) =>
    RelayObservable.create((observer) =>
      // The types of Relay know no response whose data is null, but its runtime does.
      client.subscribe({ operationName: name, query: persisted[id ?? ""] ?? "", variables }, observer as RelaySink),
    );
  const environment = new Environment({
    network: Network.create(sendText, subscribe),
    store: new Store(new RecordSource()),
  });
  requestSubscription<{ response: Changes; variables: Variables }>(environment, {
    subscription: await artifact(changesSubscription),
    variables,
    onNext: (data) => sink.next({ data }),
    onError: sink.error,
    onCompleted: sink.complete,
  });
}

const LIBRARIES: Record<string, (variables: Variables, sink: Sink) => unknown> = {
  "graphql-sse": (variables, sink) => sse.subscribe({ query: changesSubscription, variables }, sink),
  "graphql-ws": (variables, sink) => ws.subscribe({ query: changesSubscription, variables }, sink),
  "Apollo, WebSocket": (variables, sink) => withApollo(new GraphQLWsLink(ws), variables, sink),
  "Apollo, SSE": (variables, sink) => withApollo(new SSELink(), variables, sink),
  "urql, WebSocket": (variables, sink) => withUrql(ws, variables, sink),
  "urql, SSE": (variables, sink) => withUrql(sse, variables, sink),
  "Relay, WebSocket": (variables, sink) => withRelay(ws, variables, sink),
  "Relay, SSE": (variables, sink) => withRelay(sse, variables, sink),
};

const [, , after] = process.argv;
assert(after, "the id of a change is missing");
for (const [library, follow] of Object.entries(LIBRARIES)) {
  const fail = (reason: unknown) => {
    console.error(library, reason);
    process.exit(1);
  };
  await follow(
    { after },
    {
      next: ({ data, error, errors }) => {
        if (data == null || error || errors) return fail(error ?? errors);
        console.log(`${library}: ${(data as Changes).changes.id}`);
      },
      error: fail,
      complete: () => fail("the subscription is complete"),
    },
  );
}
