import { useEffect, useEffectEvent, useState } from "react";
import { CombinedError, useClient, type AnyVariables, type Client, type OperationContext, type OperationResult, type TypedDocumentNode } from "urql";
import { onChanges } from "../live/live";
import type { LiveResult } from "./useLiveQuery";

type Page<Node> = { nodes: readonly Node[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
type Read<Data> = { of: string | null; data?: Data; error?: CombinedError };

/**
 * Read what takes several requests, such as every page of a list, where a part of it would mislead. It is read again for
 * another key, and if it is live, when others have changed something.
 */
export function useWhole<Data>(key: string | null, read: (client: Client) => Promise<Data>, live = false): LiveResult<Data> {
  const client = useClient();
  const [{ of, data, error }, setRead] = useState<Read<Data>>({ of: null });
  const [attempt, setAttempt] = useState(0);
  const readNow = useEffectEvent(() => read(client));
  useEffect(() => {
    if (key === null) return;
    let left = false;
    readNow().then(
      (whole) => left || setRead({ of: key, data: whole }),
      (reason: unknown) => {
        if (!(reason instanceof CombinedError)) throw reason;
        if (!left) setRead((before) => ({ ...(before.of === key && before), of: key, error: reason }));
      },
    );
    return () => {
      left = true;
    };
  }, [client, key, attempt]);
  useEffect(() => (live ? onChanges(() => setAttempt((count) => count + 1)) : undefined), [live]);
  const current = of === key && key !== null;
  return {
    data: current ? data : undefined,
    error: current ? error : undefined,
    outdated: false,
    refresh: () => setAttempt((count) => count + 1),
  };
}

/** Return the elements of all pages of a list. Throw the CombinedError of a page that cannot be read. */
export async function everyPage<Data, Variables extends AnyVariables & { after?: string | null }, Node>(
  client: Client,
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  pageOf: (data: Data) => Page<Node> | null | undefined,
  context: Partial<OperationContext> = { requestPolicy: "network-only" },
): Promise<Node[]> {
  const nodes: Node[] = [];
  for (let after: string | null = null; ; ) {
    const { data, error }: OperationResult<Data, Variables> = await client.query(query, { ...variables, after }, context);
    if (error !== undefined) throw error;
    const page: Page<Node> | null | undefined = data === undefined ? null : pageOf(data);
    if (page == null) return nodes;
    nodes.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) return nodes;
    after = page.pageInfo.endCursor;
  }
}
