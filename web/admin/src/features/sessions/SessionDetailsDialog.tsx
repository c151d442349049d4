import { useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { Dialog } from "../../ui/Dialog";
import { SessionById } from "./SessionById";
import { SessionDetails } from "./SessionDetails";
import { useSessionDialog } from "./useSessionDialog";

/** The session of the address, over the list. */
export function SessionDetailsDialog({ deleted }: { deleted: boolean }) {
  const { dialog, sessionId, closeSession } = useSessionDialog();
  const covered = useCoveredByPatient();
  useFocusOfClosedSession(sessionId);
  return (
    <Dialog
      opened={sessionId !== undefined && dialog === undefined}
      needs="pm.group_schedule.view"
      title="Session"
      size="lg"
      covered={covered}
      onClose={closeSession}
    >
      {sessionId !== undefined && (
        <SessionById id={sessionId} key={sessionId}>
          {({ details }) => <SessionDetails session={details} deleted={deleted} />}
        </SessionById>
      )}
    </Dialog>
  );
}

/**
 * Return whether a patient's drawer is over the session. It counts until the next task after it has closed, because the
 * Escape that closes it would otherwise close the session, too.
 */
function useCoveredByPatient(): boolean {
  const { patient } = useSearch({ from: "__root__" });
  const open = patient !== undefined;
  const [covered, setCovered] = useState(open);
  useEffect(() => {
    const timer = setTimeout(() => setCovered(open));
    return () => clearTimeout(timer);
  }, [open]);
  return open || covered;
}

/** Moves the focus back to the session's link, because another dialog may have been open in between. */
function useFocusOfClosedSession(sessionId: string | undefined): void {
  const last = useRef(sessionId);
  useEffect(() => {
    const closed = last.current;
    last.current = sessionId;
    if (closed === undefined || sessionId !== undefined) return;
    const timer = setTimeout(() => linkTo(closed)?.focus());
    return () => clearTimeout(timer);
  }, [sessionId]);
}

function linkTo(sessionId: string): HTMLElement | null {
  return document.querySelector(`[data-session="${CSS.escape(sessionId)}"]`);
}
