import { useEffect, useEffectEvent } from "react";
import type { CombinedError } from "urql";
import { isOfNoPage } from "../api/faults";

/** Go to the first page of a list if the address has a cursor that the server never returned. */
export function useKnownPage(error: CombinedError | undefined, restart: () => void): void {
  const isUnknown = error !== undefined && isOfNoPage(error);
  const onUnknown = useEffectEvent(restart);
  useEffect(() => {
    if (isUnknown) onUnknown();
  }, [isUnknown]);
}
