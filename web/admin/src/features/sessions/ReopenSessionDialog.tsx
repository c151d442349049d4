import { Text } from "@mantine/core";
import { useState } from "react";
import { tell } from "../../activity/activity";
import type { Fault } from "../../api/faults";
import { graphql } from "../../api/generated";
import { useAction } from "../../api/useAction";
import { useDryRun } from "../../api/useDryRun";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { formatDay, formatSpan } from "../../ui/times";
import { ImpactPanel } from "./ImpactPanel";
import { SessionById, type LoadedSession } from "./SessionById";
import { SessionVersions } from "./SessionVersions";
import { useOpenedSession } from "./useOpenedSession";
import { useSeen } from "./useSeen";
import { useSessionDialog } from "./useSessionDialog";

const ReopenSession = graphql(`
  mutation ReopenSession($input: ReopenOccurrenceInput!, $preview: Boolean!, $seesPatients: Boolean!, $seesGroups: Boolean!) {
    reopenOccurrence(input: $input) {
      occurrence {
        id
        status
      }
      impact @include(if: $preview) {
        ...Impact
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

type Props = { groupId: string | null };

export function ReopenSessionDialog({ groupId }: Props) {
  const { dialog, sessionId, close } = useSessionDialog();
  return (
    <Dialog
      opened={sessionId !== undefined && dialog === "reopen-session"}
      needs="pm.group_schedule.edit"
      title="Reopen the session"
      size="lg"
      onClose={close}
    >
      {sessionId !== undefined && (
        <SessionById id={sessionId}>{(session) => <ReopenForm session={session} groupId={groupId} onClose={close} />}</SessionById>
      )}
    </Dialog>
  );
}

type FormProps = Props & { session: LoadedSession; onClose: () => void };

function ReopenForm({ session, groupId, onClose }: FormProps) {
  const { details } = session;
  const [run, running] = useAction(ReopenSession);
  const { opened, versions, takeRefusal } = useOpenedSession(session);
  const [done, setDone] = useState(false);
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const sees = useSeen();
  const id = opened.id;
  const dryRun = useDryRun(ReopenSession, done ? null : { input: { id, dryRun: true }, preview: true, ...sees });

  async function reopen(expectedVersion: number): Promise<void> {
    if (dryRun.asking) return;
    const { faults: refused } = await run({ input: { id, expectedVersion }, preview: false, ...sees });
    if (refused !== null) {
      return setFaults(takeRefusal(refused));
    }
    tell(`The session on ${formatDay(opened.sessionDate)} is scheduled again.`);
    setDone(true);
    onClose();
  }

  return (
    <DialogForm
      submit={dryRun.asking ? "Checking …" : "Reopen"}
      leave="Back"
      running={running}
      faults={faults.length > 0 ? faults : dryRun.faults}
      dirty={() => false}
      onSubmit={(event) => {
        event.preventDefault();
        void reopen(opened.version);
      }}
      onClose={onClose}
    >
      {versions && (
        <SessionVersions {...versions} keep="Reopen it as it is now" onKeep={() => void reopen(versions.current.version)} />
      )}
      <Text>
        {formatDay(details.sessionDate)}, {formatSpan(details)}, is scheduled again.
        {opened.status === "COMPLETED" && " It counts as not documented then, until it is documented again."}
        {opened.status === "CANCELLED" && ` It was cancelled: ${opened.cancellationReason}`}
      </Text>
      <ImpactPanel
        groupId={groupId}
        impact={dryRun.payload?.impact}
        asking={dryRun.asking}
        refused={dryRun.faults.length > 0}
      />
    </DialogForm>
  );
}
