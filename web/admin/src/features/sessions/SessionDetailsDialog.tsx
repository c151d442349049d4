import { useEffect, useRef } from "react";
import { graphql } from "../../api/generated";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { Dialog } from "../../ui/Dialog";
import { EmptyState, Loaded } from "../../ui/states";
import { SessionDetails } from "./SessionDetails";
import { useSessionDialog } from "./useSessionDialog";

const SessionDocument = graphql(`
  query Session($id: ID!, $seesPatients: Boolean!) {
    occurrence(id: $id) {
      id
      ...SessionDetails
    }
  }
`);

/** The session of the address, over the list. */
export function SessionDetailsDialog() {
  const { dialog, sessionId, closeSession } = useSessionDialog();
  useFocusOfClosedSession(sessionId);
  return (
    <Dialog opened={sessionId !== undefined && dialog === undefined} title="Session" size="lg" onClose={closeSession}>
      {sessionId !== undefined && <SessionById id={sessionId} key={sessionId} />}
    </Dialog>
  );
}

function SessionById({ id }: { id: string }) {
  const may = usePermissions();
  const result = useLiveQuery(SessionDocument, { id, seesPatients: may("pm.group_enrollments.view") });
  return (
    <Loaded result={result}>
      {({ occurrence }) =>
        occurrence ? (
          <SessionDetails of={occurrence} />
        ) : (
          <EmptyState title="There is no such session">Its address may be incomplete, or it is of another organization.</EmptyState>
        )
      }
    </Loaded>
  );
}

/** Moves the focus back to the session's link in the list, because another dialog may have been open in between. */
function useFocusOfClosedSession(sessionId: string | undefined): void {
  const last = useRef(sessionId);
  useEffect(() => {
    const closed = last.current;
    last.current = sessionId;
    if (closed === undefined || sessionId !== undefined) return;
    const timer = setTimeout(() => document.getElementById(`session-${closed}`)?.focus());
    return () => clearTimeout(timer);
  }, [sessionId]);
}
