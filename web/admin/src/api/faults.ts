// The one place that turns errors into words. Screens show a Problem, forms show Faults at their fields.

import type { CombinedError } from "urql";
import { graphql } from "./generated";
import type { FaultFragment, UserErrorCode } from "./generated/graphql";

/** What a person can correct, with the path of the field in the mutation's input; an empty path means all of it. */
export type Fault = { code: UserErrorCode | "FAILED"; message: string; path: string };

/** Why something could not be read or changed. */
export type Problem = { title: string; detail: string };

const CHANGED_MEANWHILE =
  "Somebody else has changed this in the meantime. The page behind shows how it is now. Look at it before you try again.";

export const FaultFields = graphql(`
  fragment Fault on UserError {
    code
    message
    field
  }
`);

export function faultOf({ code, message, field }: FaultFragment): Fault {
  const words = code === "VERSION_CONFLICT" ? CHANGED_MEANWHILE : message;
  return { code, message: words, path: pathOf(field ?? []) };
}

/** Return the faults of a mutation that failed as a whole. Invalid variables are faults of their fields. */
export function faultsOf(error: CombinedError): Fault[] {
  const invalid = error.graphQLErrors.flatMap(({ message, extensions }) =>
    extensions["code"] === "BAD_USER_INPUT" && Array.isArray(extensions["path"])
      ? [{ code: "INVALID" as const, message, path: pathOf(extensions["path"]) }]
      : [],
  );
  if (invalid.length > 0) return invalid;
  const { title, detail } = problemOf(error);
  return [{ code: "FAILED", message: `${title}. ${detail}`, path: "" }];
}

export function problemOf(error: CombinedError): Problem {
  if (error.networkError) {
    return { title: "The server cannot be reached", detail: error.networkError.message };
  }
  const [first] = error.graphQLErrors;
  switch (first?.extensions["code"]) {
    case "FORBIDDEN":
      return {
        title: "You do not have permission",
        detail: `This needs ${String(first.extensions["requiredPermission"])}. Ask an administrator of your clinic for it.`,
      };
    case "INTERNAL_SERVER_ERROR":
      return { title: "The server made a mistake", detail: first.message };
    default:
      return { title: "The server refused this", detail: first?.message ?? error.message };
  }
}

/** Return whether all that failed is an id that the server can have for no record. It belongs to a changed address. */
export function isOfNoRecord(error: CombinedError): boolean {
  return isOnlyAbout(error, ["id"]);
}

/** Return whether all that failed is a cursor that the server never returned, from a changed address. */
export function isOfNoPage(error: CombinedError): boolean {
  return isOnlyAbout(error, ["after", "before"]);
}

function isOnlyAbout({ graphQLErrors }: CombinedError, names: readonly string[]): boolean {
  return (
    graphQLErrors.length > 0 &&
    graphQLErrors.every(
      ({ extensions }) => extensions["code"] === "BAD_USER_INPUT" && names.includes(String(extensions["argument"])),
    )
  );
}

/** ["input", "recurrence", "startDate"] becomes "recurrence.startDate". */
function pathOf(field: readonly unknown[]): string {
  return field.slice(1).join(".");
}
