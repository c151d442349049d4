// Follows changes with the client of a library, and prints the id of each. It continues after the last one when it
// reconnects: both libraries write the variables at each attempt.
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";
import { headers, url } from "./clinic.ts";

type Changes = { changes: { id: string } };

const [, , library, after] = process.argv;
const request = {
  query: "subscription Changes($after: ID) { changes(after: $after) { id } }",
  variables: { after: after ?? null },
};
const sink = {
  next: ({ data, errors }: { data?: Changes | null; errors?: readonly unknown[] }) => {
    if (data == null) return fail(errors);
    request.variables.after = data.changes.id;
    console.log(data.changes.id);
  },
  error: fail,
  complete: () => fail("the stream is complete"),
};
const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 100));
const retryAttempts = 1_000;

if (library === "graphql-sse") {
  createSseClient({ url, headers, retryAttempts, retry: soon }).subscribe<Changes>(request, sink);
} else {
  const client = createWsClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: headers.authorization },
    retryAttempts,
    retryWait: soon,
    shouldRetry: () => true,
  });
  client.subscribe<Changes>(request, sink);
}

function fail(reason: unknown): void {
  console.error(reason);
  process.exit(1);
}
