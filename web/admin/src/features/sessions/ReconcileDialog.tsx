import { Checkbox, Group, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { tell } from "../../activity/activity";
import { graphql, readFragment } from "../../api/generated";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { BulkOutcome, BulkOutcomeFields } from "./BulkOutcome";
import { countsInWords, type DriftReasons } from "./occurrenceChanges";
import { usePreviewedForm } from "./usePreviewedForm";
import { useSeen } from "./useSeen";
import { useSessionDialog } from "./useSessionDialog";

const Reconcile = graphql(`
  mutation Reconcile($input: ReconcileOccurrencesInput!, $preview: Boolean!, $seesPatients: Boolean!, $seesGroups: Boolean!) {
    reconcileOccurrences(input: $input) {
      createdCount
      updatedCount
      cancelledCount
      ...BulkOutcome @include(if: $preview)
      userErrors {
        ...Fault
      }
    }
  }
`);

type Props = { groupId: string; today: string; timeZone: string; lastDay: string | null; reasons: DriftReasons };

export function ReconcileDialog(props: Props) {
  const { dialog, close } = useSessionDialog();
  return (
    <Dialog opened={dialog === "reconcile"} needs="pm.group_schedule.edit" title="Reconcile the calendar" size="lg" onClose={close}>
      <ReconcileForm {...props} onClose={close} />
    </Dialog>
  );
}

type Values = { from: string; through: string; includeEdited: boolean; cancellationReason: string };

function ReconcileForm({ groupId, today, timeZone, lastDay, reasons, onClose }: Props & { onClose: () => void }) {
  const sees = useSeen();
  const form = useForm<Values>({
    mode: "controlled",
    initialValues: { from: today, through: lastDay ?? today, includeEdited: false, cancellationReason: "" },
    validate: {
      from: (day) => (day === "" ? "Fill in the first day." : null),
      through: (day) => (day === "" ? "Fill in the last day." : null),
      cancellationReason: (reason) => (cancels && reason.trim() === "" ? "Say why the sessions are cancelled." : null),
    },
  });
  const { from, through, includeEdited } = form.values;
  const input = { groupDefinitionId: groupId, from, through, includeEdited };
  const { dryRun, faults, running, confirm } = usePreviewedForm(
    form,
    Reconcile,
    from === "" || through === ""
      ? null
      : { input: { ...input, cancellationReason: "Preview", dryRun: true }, preview: true, ...sees },
  );
  const outcome = readFragment(BulkOutcomeFields, dryRun.payload);
  const cancels: boolean = (outcome?.cancelledCount ?? 0) > 0;

  const submit = form.onSubmit(async ({ cancellationReason }) => {
    if (dryRun.asking) return;
    const payload = await confirm({
      input: { ...input, cancellationReason: cancellationReason.trim() || null },
      preview: false,
      ...sees,
    });
    if (payload === null) return;
    tell(`The calendar was reconciled. ${countsInWords({ ...payload, keptCount: 0 })}`);
    onClose();
  });

  return (
    <DialogForm
      submit={dryRun.asking ? "Checking …" : "Reconcile"}
      takesAway={cancels}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <Text>Brings the sessions of these days to what the group&apos;s definition says. Past, documented and cancelled sessions stay.</Text>
      <Group align="flex-start" grow preventGrowOverflow={false}>
        <TextInput type="date" label="First day" required data-autofocus min={today} {...form.getInputProps("from")} />
        <TextInput type="date" label="Last day" required min={today} {...form.getInputProps("through")} />
      </Group>
      <Checkbox
        label="Sessions that were changed by hand, too"
        {...form.getInputProps("includeEdited", { type: "checkbox" })}
      />
      <BulkOutcome
        groupId={groupId}
        today={today}
        timeZone={timeZone}
        reasons={reasons}
        outcome={dryRun.payload}
        asking={dryRun.asking}
        refused={dryRun.faults.length > 0}
        idle="Fill in the days to see what will happen."
      />
      {(cancels || form.values.cancellationReason !== "") && (
        <Textarea
          label="Reason for the cancellations"
          description="Up to 1,000 characters. Do not name patients"
          required
          maxLength={1000}
          autosize
          minRows={2}
          {...form.getInputProps("cancellationReason")}
        />
      )}
    </DialogForm>
  );
}
