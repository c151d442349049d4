import { Kind, parse } from "graphql";
import { currentToken } from "./token";

type Request = { query: string; operationName?: string | null; variables?: unknown };

/** Sends one operation to the server as the signed-in person; `onRefused` is told when the token is not accepted. */
export function signedFetcher(onRefused: () => void) {
  return async ({ query, operationName, variables }: Request): Promise<object> => {
    const token = currentToken();
    const response = await fetch("/graphql", {
      method: "POST",
      headers: {
        Accept: "application/graphql-response+json, application/json",
        "Content-Type": "application/json",
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, operationName: nameIn(query, operationName), variables }),
      credentials: "omit",
      cache: "no-store",
    });
    // A slow answer to an old token says nothing about the one pasted since.
    if (response.status === 401 && token === currentToken()) onRefused();
    const body = await response.text();
    try {
      return JSON.parse(body) as object;
    } catch {
      return { errors: [{ message: `The server answered ${response.status} without GraphQL: ${body.slice(0, 200)}` }] };
    }
  };
}

/** The name, unless the document has no such operation: for a moment after a change of tabs GraphiQL gives the old tab's. */
function nameIn(query: string, name: string | null | undefined): string | undefined {
  if (!name) return undefined;
  try {
    const found = parse(query).definitions.some((part) => part.kind === Kind.OPERATION_DEFINITION && part.name?.value === name);
    return found ? name : undefined;
  } catch {
    return name; // the server says where the document is wrong
  }
}
