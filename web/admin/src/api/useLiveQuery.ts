import { useEffect } from "react";
import { useQuery, type AnyVariables, type CombinedError, type TypedDocumentNode } from "urql";
import { isLive, onChanges } from "../live/live";

const REFRESH_SECONDS = 30;

export type LiveResult<Data> = {
  data: Data | undefined;
  error: CombinedError | undefined;
  /** Whether the data is that of the previous variables, while the current ones load. */
  outdated: boolean;
  refresh: () => void;
};

/**
 * Query, and query again when others have changed something and when the window gets the focus, so that changes of others
 * show up by themselves. While the stream of changes is away, query every 30 seconds instead. While the result of new
 * variables loads, the previous data stays.
 */
export function useLiveQuery<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): LiveResult<Data> {
  const [{ data, error, stale, fetching }, execute] = useQuery({ query, variables });

  useEffect(() => {
    const refresh = () => {
      if (document.visibilityState === "visible") execute({ requestPolicy: "cache-and-network" });
    };
    const timer = setInterval(() => isLive() || refresh(), REFRESH_SECONDS * 1000);
    const ignoreChanges = onChanges(refresh);
    window.addEventListener("focus", refresh);
    document.addEventListener("visibilitychange", refresh);
    return () => {
      clearInterval(timer);
      ignoreChanges();
      window.removeEventListener("focus", refresh);
      document.removeEventListener("visibilitychange", refresh);
    };
  }, [execute]);

  return {
    data,
    error,
    outdated: data !== undefined && (stale || fetching),
    refresh: () => execute({ requestPolicy: "network-only" }),
  };
}
