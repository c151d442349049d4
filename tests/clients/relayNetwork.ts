// What Relay sends: documents that its compiler has replaced by their hashes.
import { readFileSync } from "node:fs";
import type { FetchFunction, GraphQLResponse, GraphQLTaggedNode } from "relay-runtime";
import { headers, url } from "./clinic.ts";

const generated = new URL("generated/", import.meta.url);

/** The text of each document, by its hash. */
export const persisted = JSON.parse(readFileSync(new URL("persisted.json", generated), "utf8")) as Record<string, string>;

/** Imports what the compiler made of a document. */
export async function artifact(document: string): Promise<GraphQLTaggedNode> {
  const [, name] = /(?:query|mutation|subscription) (\w+)/.exec(document) ?? [];
  const module = (await import(new URL(`${name}.graphql.ts`, generated).href)) as { default: GraphQLTaggedNode };
  return module.default;
}

export async function post(body: object, fetch = globalThis.fetch): Promise<GraphQLResponse> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.json()) as GraphQLResponse;
}

export const sendText: FetchFunction = ({ id }, variables) => post({ query: persisted[id ?? ""], variables });
