// Queries whose responses are outdated when they arrive.
//
// After a mutation, urql sends the queries of the screen again, but not those in flight, although their responses may be
// older than the mutation. The screen would then stay as it was.

import { makeOperation, mapExchange, type Exchange } from "urql";
import { isDryRun } from "./dryRun";

/** Send a query again after its response if a mutation ended while it was in flight. */
export const outdatedReadsExchange: Exchange = (input) => {
  /** The keys of the queries in flight, and whether a mutation has ended since they were sent. */
  const inFlight = new Map<number, boolean>();

  return mapExchange({
    onOperation({ kind, key }) {
      if (kind === "query") inFlight.set(key, false);
    },
    onResult(result) {
      const { operation } = result;
      if (operation.kind === "mutation" && !isDryRun(operation)) {
        for (const key of inFlight.keys()) inFlight.set(key, true);
      }
      if (operation.kind !== "query") return;
      const isOutdated = inFlight.get(operation.key);
      inFlight.delete(operation.key);
      if (isOutdated !== true) return;
      const context = { ...operation.context, requestPolicy: "network-only" as const };
      input.client.reexecuteOperation(makeOperation("query", operation, context));
      return { ...result, stale: true };
    },
  })(input);
};
