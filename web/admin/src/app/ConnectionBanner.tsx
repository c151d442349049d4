import { Alert, Button, Group } from "@mantine/core";
import IconCloudOff from "@tabler/icons-react/icons/IconCloudOff";
import { useEffect, useReducer, useSyncExternalStore } from "react";
import { currentRetries, onRetriesChange, retryNow, stopRetrying } from "../api/retries";

/** Shows that requests wait to be sent again, and lets the person hurry or stop them. */
export function ConnectionBanner() {
  const { waiting, until } = useSyncExternalStore(onRetriesChange, currentRetries);
  const seconds = useSecondsUntil(until);
  if (waiting === 0) return null;
  return (
    <Alert color="yellow" icon={<IconCloudOff />} title="The server is busy or cannot be reached" mb="md">
      <Group justify="space-between">
        {/* Only the first words are announced. A screen reader need not hear each second. */}
        <span>
          Nothing is lost. Trying again{" "}
          <span aria-hidden>{seconds > 0 ? `in ${seconds} ${seconds === 1 ? "second" : "seconds"}` : "now"}</span> …
        </span>
        <Group gap="xs">
          <Button size="compact-sm" variant="default" onClick={retryNow}>
            Try now
          </Button>
          <Button size="compact-sm" variant="default" onClick={stopRetrying}>
            Stop trying
          </Button>
        </Group>
      </Group>
    </Alert>
  );
}

function useSecondsUntil(instant: number): number {
  const [, tick] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (!Number.isFinite(instant) || instant <= Date.now()) return undefined;
    const timer = setInterval(tick, 500);
    return () => clearInterval(timer);
  }, [instant]);
  return Math.max(0, Math.ceil((instant - Date.now()) / 1000));
}
