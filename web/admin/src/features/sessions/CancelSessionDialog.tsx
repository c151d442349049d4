import { Text, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { tell } from "../../activity/activity";
import { graphql } from "../../api/generated";
import { useAction } from "../../api/useAction";
import { useDryRun } from "../../api/useDryRun";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { formatDay, formatSpan } from "../../ui/times";
import { useFaults } from "../../ui/useFaults";
import { ExpectedPatients } from "./ExpectedPatients";
import { ImpactPanel } from "./ImpactPanel";
import { SessionById, type LoadedSession } from "./SessionById";
import { SessionVersions } from "./SessionVersions";
import { useOpenedSession } from "./useOpenedSession";
import { useSeen } from "./useSeen";
import { useSessionDialog } from "./useSessionDialog";

const CancelSession = graphql(`
  mutation CancelSession($input: CancelOccurrenceInput!, $preview: Boolean!, $seesPatients: Boolean!, $seesGroups: Boolean!) {
    cancelOccurrence(input: $input) {
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

export function CancelSessionDialog({ groupId }: Props) {
  const { dialog, sessionId, close } = useSessionDialog();
  return (
    <Dialog
      opened={sessionId !== undefined && dialog === "cancel-session"}
      needs="pm.group_schedule.delete"
      title="Cancel the session"
      size="lg"
      onClose={close}
    >
      {sessionId !== undefined && (
        <SessionById id={sessionId}>{(session) => <CancelForm session={session} groupId={groupId} onClose={close} />}</SessionById>
      )}
    </Dialog>
  );
}

type FormProps = Props & { session: LoadedSession; onClose: () => void };

function CancelForm({ session, groupId, onClose }: FormProps) {
  const { details } = session;
  const [run, running] = useAction(CancelSession);
  const { opened, versions, takeRefusal } = useOpenedSession(session);
  const [done, setDone] = useState(false);
  const form = useForm({
    mode: "controlled",
    initialValues: { reason: "" },
    validate: { reason: (reason) => (reason.trim() === "" ? "Say why it is cancelled." : null) },
  });
  const [faults, showFaults] = useFaults(form);
  const sees = useSeen();
  const id = opened.id;
  const dryRun = useDryRun(CancelSession, done ? null : { input: { id, reason: "Preview", dryRun: true }, preview: true, ...sees });

  async function cancel(expectedVersion: number): Promise<void> {
    if (dryRun.asking) return;
    const input = { id, reason: form.values.reason, expectedVersion };
    const { faults: refused } = await run({ input, preview: false, ...sees });
    if (refused !== null) {
      return showFaults(takeRefusal(refused));
    }
    tell(`The session on ${formatDay(opened.sessionDate)} was cancelled.`);
    setDone(true);
    form.resetDirty();
    onClose();
  }

  return (
    <DialogForm
      submit={dryRun.asking ? "Checking …" : "Cancel the session"}
      leave="Back"
      takesAway
      running={running}
      faults={[...faults, ...dryRun.faults]}
      dirty={() => form.isDirty()}
      onSubmit={form.onSubmit(() => void cancel(opened.version))}
      onClose={onClose}
    >
      {versions && (
        <SessionVersions {...versions} keep="Cancel it as it is now" onKeep={() => void cancel(versions.current.version)} />
      )}
      <Text>
        {formatDay(details.sessionDate)}, {formatSpan(details)}
      </Text>
      <ExpectedPatients session={details} />
      <ImpactPanel
        groupId={groupId}
        impact={dryRun.payload?.impact}
        asking={dryRun.asking}
        refused={dryRun.faults.length > 0}
        cancels
      />
      <Textarea
        label="Reason"
        description="Up to 1,000 characters. Do not name patients"
        required
        maxLength={1000}
        autosize
        minRows={2}
        data-autofocus
        {...form.getInputProps("reason")}
      />
    </DialogForm>
  );
}
