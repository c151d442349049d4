import { Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { tell } from "../../activity/activity";
import { graphql } from "../../api/generated";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { counted } from "../../ui/names";
import { BulkOutcome } from "./BulkOutcome";
import { SelectionFields } from "./SelectionFields";
import { initialSelection, missingDays, selectionOf, type SelectionValues } from "./selectionValues";
import { usePreviewedForm } from "./usePreviewedForm";
import { useSeen } from "./useSeen";
import type { Selection } from "./useSelection";
import { useSessionDialog } from "./useSessionDialog";

const CancelSessions = graphql(`
  mutation CancelSessions($input: CancelOccurrencesInput!, $preview: Boolean!, $seesPatients: Boolean!, $seesGroups: Boolean!) {
    cancelOccurrences(input: $input) {
      cancelledCount
      ...BulkOutcome @include(if: $preview)
      userErrors {
        ...Fault
      }
    }
  }
`);

type Props = { groupId: string; today: string; timeZone: string; selection: Selection };

export function CancelSessionsDialog(props: Props) {
  const { dialog, close } = useSessionDialog();
  return (
    <Dialog
      opened={dialog === "cancel-sessions"}
      needs="pm.group_schedule.delete"
      title="Cancel sessions"
      size="lg"
      onClose={close}
    >
      <CancelSessionsForm {...props} onClose={close} />
    </Dialog>
  );
}

type Values = { selection: SelectionValues; reason: string };

function CancelSessionsForm({ groupId, today, timeZone, selection, onClose }: Props & { onClose: () => void }) {
  const sees = useSeen();
  const form = useForm<Values>({
    mode: "controlled",
    initialValues: { selection: initialSelection(selection.ids.size, today), reason: "" },
    validate: { selection: missingDays, reason: (reason) => (reason.trim() === "" ? "Say why they are cancelled." : null) },
  });
  const { values } = form;
  const selected = selectionOf(values.selection, selection.ids, groupId);
  const { dryRun, faults, running, confirm } = usePreviewedForm(
    form,
    CancelSessions,
    selected === null ? null : { input: { selection: selected, reason: "Preview", dryRun: true }, preview: true, ...sees },
  );

  const submit = form.onSubmit(async ({ reason }) => {
    if (selected === null || dryRun.asking) return;
    const payload = await confirm({ input: { selection: selected, reason }, preview: false, ...sees });
    if (payload === null) return;
    tell(`${counted(payload.cancelledCount, "session")} ${payload.cancelledCount === 1 ? "was" : "were"} cancelled.`);
    selection.clear();
    onClose();
  });

  return (
    <DialogForm
      submit={dryRun.asking ? "Checking …" : "Cancel the sessions"}
      leave="Back"
      takesAway
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <SelectionFields scope={values.selection.scope} selected={selection.ids.size} fieldProps={(name) => form.getInputProps(name)} />
      <BulkOutcome
        groupId={groupId}
        today={today}
        timeZone={timeZone}
        outcome={dryRun.payload}
        asking={dryRun.asking}
        refused={dryRun.faults.length > 0}
        cancels
        idle="Choose the days to see what will happen."
      />
      <Textarea
        label="Reason"
        description="Up to 1,000 characters. Do not name patients"
        required
        maxLength={1000}
        autosize
        minRows={2}
        {...form.getInputProps("reason")}
      />
    </DialogForm>
  );
}
