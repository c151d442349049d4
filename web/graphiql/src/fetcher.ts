import { Kind, parse } from "graphql";
import { currentToken } from "./token";

export type Operation = { query: string; operationName?: string | null; variables?: unknown };
export type Fetcher = ReturnType<typeof signedFetcher>;

/** Returns a function that sends operations as the signed-in person, and calls `onRefused` if the token is refused. */
export function signedFetcher(onRefused: () => void) {
  return async (
    { query, operationName, variables }: Operation,
    { headers: typedHeaders }: { headers?: Record<string, string> } = {},
  ): Promise<object> => {
    const token = currentToken();
    const headers = new Headers(typedHeaders);
    headers.set("Accept", "application/graphql-response+json, application/json");
    headers.set("Content-Type", "application/json");
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    // The address is relative, so that the page also works behind a proxy that serves it under a path prefix.
    const response = await fetch("graphql", {
      method: "POST",
      headers,
      body: JSON.stringify({ query, operationName: nameIn(query, operationName), variables }),
      credentials: "omit",
      cache: "no-store",
    });
    // A slow response to an old token says nothing about a token that was pasted since.
    if (response.status === 401 && token === currentToken()) onRefused();
    const body = await response.text();
    try {
      return JSON.parse(body) as object;
    } catch {
      const message = `The server returned status ${response.status} without JSON: ${body.slice(0, 200)}`;
      return { errors: [{ message }] };
    }
  };
}

/** Returns the name if the document has it. For a moment after a change of tabs GraphiQL passes the old tab's. */
function nameIn(query: string, name: string | null | undefined): string | undefined {
  if (!name) return undefined;
  try {
    const operations = parse(query).definitions.filter((part) => part.kind === Kind.OPERATION_DEFINITION);
    return operations.some((operation) => operation.name?.value === name) ? name : undefined;
  } catch {
    return name; // the server reports the syntax error
  }
}
