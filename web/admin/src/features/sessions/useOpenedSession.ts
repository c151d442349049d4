import { useState } from "react";
import type { Fault } from "../../api/faults";
import type { LoadedSession } from "./SessionById";

/**
 * The version of a session that a dialog about all of it was opened with. If the server refuses the change because somebody
 * else has changed the session since, `versions` has both, for the person to choose.
 */
export function useOpenedSession({ version, refresh }: LoadedSession) {
  const [opened, setOpened] = useState(version);
  const [conflict, setConflict] = useState(false);

  /** Take the faults of a refusal, and return those that are not a version conflict. */
  function takeRefusal(faults: readonly Fault[]): Fault[] {
    const isConflict = faults.some(({ code }) => code === "VERSION_CONFLICT");
    if (isConflict) refresh();
    setConflict(isConflict);
    return faults.filter(({ code }) => code !== "VERSION_CONFLICT");
  }

  function look(): void {
    setOpened(version);
    setConflict(false);
  }

  const versions = conflict && version.version !== opened.version ? { opened, current: version, onLook: look } : null;
  return { opened, versions, takeRefusal };
}
