// Dry runs: mutations that say what they would do, and change nothing.

import type { Operation, OperationResult } from "urql";

export function isDryRun({ kind, variables }: Operation): boolean {
  return kind === "mutation" && (variables as { input?: { dryRun?: boolean } }).input?.dryRun === true;
}

/** Remove the types from the response of a dry run, so that the cache keeps what it has: nothing has changed. */
export function withoutTypesOfDryRun(result: OperationResult<unknown>): OperationResult<unknown> {
  if (!isDryRun(result.operation) || result.data == null) return result;
  const withoutType = (name: string, value: unknown) => (name === "__typename" ? undefined : value);
  return { ...result, data: JSON.parse(JSON.stringify(result.data, withoutType)) as unknown };
}
