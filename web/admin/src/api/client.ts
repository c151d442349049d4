import { cacheExchange, Client, fetchExchange, makeOperation, mapExchange, type Operation, type OperationResult } from "urql";
import { serverUrl } from "../app/address";
import { noteOwnRequest } from "../live/live";
import { send } from "./transport";

/**
 * Return a client with an empty cache. The document cache forgets every result that has a type of a mutation's response,
 * so that screens are never patched: they show what the server says next.
 */
export function createApiClient(): Client {
  return new Client({
    url: serverUrl("graphql"),
    fetch: send,
    preferGetMethod: false,
    requestPolicy: "cache-and-network",
    exchanges: [cacheExchange, mapExchange({ onOperation: withIdempotencyKey, onResult: withoutTypesOfDryRun }), fetchExchange],
  });
}

/** Give each mutation a key and a request id of its own. They stay the same for each attempt to send it. */
function withIdempotencyKey(operation: Operation): Operation {
  if (operation.kind !== "mutation") return operation;
  const key = newKey();
  noteOwnRequest(key);
  return makeOperation(operation.kind, operation, {
    ...operation.context,
    fetchOptions: { headers: { "Idempotency-Key": key, "X-Request-ID": key } },
  });
}

/** Remove the types from the response of a dry run, so that the cache keeps what it has: nothing has changed. */
function withoutTypesOfDryRun(result: OperationResult<unknown>): OperationResult<unknown> {
  const { input } = result.operation.variables as { input?: { dryRun?: boolean } };
  if (input?.dryRun !== true || result.data == null) return result;
  const withoutType = (name: string, value: unknown) => (name === "__typename" ? undefined : value);
  return { ...result, data: JSON.parse(JSON.stringify(result.data, withoutType)) as unknown };
}

/** Return 128 random bits in hexadecimal. crypto.randomUUID is missing on pages without TLS. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
