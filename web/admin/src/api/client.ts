import { cacheExchange, Client, fetchExchange, makeOperation, mapExchange, type Operation } from "urql";
import { serverUrl } from "../app/address";
import { noteOwnRequest } from "../live/live";
import { withoutTypesOfDryRun } from "./dryRun";
import { outdatedReadsExchange } from "./outdatedReads";
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
    exchanges: [
      cacheExchange,
      mapExchange({ onOperation: withIdempotencyKey, onResult: withoutTypesOfDryRun }),
      outdatedReadsExchange,
      fetchExchange,
    ],
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

/** Return 128 random bits in hexadecimal. crypto.randomUUID is missing on pages without TLS. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
