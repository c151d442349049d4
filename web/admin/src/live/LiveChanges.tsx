import { useEffect } from "react";
import { useClient } from "urql";
import { tell } from "../activity/activity";
import { useViewer } from "../app/ViewerGate";
import { usePermissions } from "../permissions/permissions";
import type { Change } from "./changeStream";
import { isOwnRequest, publishChanges, setLive, type Changes } from "./live";
import { followChanges } from "./sharedStream";
import { changeInWords } from "./words";

const REFRESH_MILLISECONDS = 150;
const TOAST_MILLISECONDS = 1_000;
/** More changes than this at once are one toast. */
const MOST_TOASTS = 2;

/** Follows the changes of others: refreshes the screens, and shows toasts. It renders nothing itself. */
export function LiveChanges() {
  const client = useClient();
  const { id, organizationId, permissions } = useViewer();
  const may = usePermissions();
  const seesGroups = may("pm.group_definitions.view");
  const seesAny = may("pm.group_schedule.view") || may("pm.group_enrollments.view");
  const name = JSON.stringify(["group-sessions.changes", organizationId, id, permissions.toSorted()]);

  useEffect(() => {
    if (!seesAny) return;
    let stopped = false;
    let ofOthers: Change[] = [];
    let unpublished: Changes = [];
    const refresh = debounced(REFRESH_MILLISECONDS, () => {
      const changes = unpublished;
      unpublished = [];
      publishChanges(changes);
    });
    const toast = debounced(TOAST_MILLISECONDS, () => {
      const changes = ofOthers;
      ofOthers = [];
      if (document.visibilityState !== "visible") return; // nobody would see the names that it reads
      if (changes.length > MOST_TOASTS) {
        tell(`Others made ${changes.length} changes.`, "news");
        return;
      }
      for (const change of changes) {
        void changeInWords(client, change, seesGroups).then((words) => {
          if (words !== null && !stopped) tell(words, "news");
        });
      }
    });
    const stop = followChanges(name, {
      onChange: (change) => {
        if (!isOwnRequest(change.correlationId)) {
          unpublished &&= [...unpublished, change];
          refresh();
        }
        if (change.actorId !== id) {
          ofOthers.push(change);
          toast();
        }
      },
      onOpened: () => {
        unpublished = null;
        refresh();
      },
      onState: setLive,
    });
    return () => {
      stopped = true;
      setLive(false);
      stop();
    };
  }, [client, id, name, seesAny, seesGroups]);

  return null;
}

/** Return a function that calls another one some time after its first call; calls in between add nothing. */
function debounced(milliseconds: number, call: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      call();
    }, milliseconds);
  };
}
