import { useEffect, useEffectEvent, useRef } from "react";
import { useQuery, type AnyVariables, type CombinedError, type TypedDocumentNode } from "urql";
import type { Change } from "../live/changeStream";
import { isLive, onChanges, type Changes } from "../live/live";

const REFRESH_SECONDS = 30;
const OLDEST_MINUTES = 5;

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
 *
 * With `concerns`, only changes that concern the query count, and the focus does if one came meanwhile or after five
 * minutes: each time that patients are read is a line in the access log.
 */
export function useLiveQuery<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  concerns?: (change: Change) => boolean,
): LiveResult<Data> {
  const [{ data, error, stale, fetching }, execute] = useQuery({ query, variables });
  const queriedAt = useRef(0);
  const missed = useRef(false);
  useEffect(() => {
    if (fetching || stale) queriedAt.current = Date.now();
  }, [fetching, stale]);

  const refresh = useEffectEvent(() => {
    missed.current = document.visibilityState !== "visible";
    if (!missed.current) execute({ requestPolicy: "cache-and-network" });
  });
  const refreshAfter = useEffectEvent((changes: Changes) => {
    if (changes === null || concerns === undefined || changes.some(concerns)) refresh();
  });
  const refreshIfOld = useEffectEvent(() => {
    const isRecent = isLive() && !missed.current && Date.now() - queriedAt.current < OLDEST_MINUTES * 60_000;
    if (concerns === undefined || !isRecent) refresh();
  });

  useEffect(() => {
    const timer = setInterval(() => isLive() || refresh(), REFRESH_SECONDS * 1000);
    const ignoreChanges = onChanges((changes) => refreshAfter(changes));
    const onFocus = () => refreshIfOld();
    window.addEventListener("focus", onFocus);
    document.addEventListener("visibilitychange", onFocus);
    return () => {
      clearInterval(timer);
      ignoreChanges();
      window.removeEventListener("focus", onFocus);
      document.removeEventListener("visibilitychange", onFocus);
    };
  }, []);

  return {
    data,
    error,
    outdated: data !== undefined && (stale || fetching),
    refresh: () => execute({ requestPolicy: "network-only" }),
  };
}
