import { Radio, Group } from "@mantine/core";
import { useForm } from "@mantine/form";
import { tell } from "../../activity/activity";
import { graphql } from "../../api/generated";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { counted } from "../../ui/names";
import { StaffSelect } from "../staff/StaffSelect";
import { BulkOutcome } from "./BulkOutcome";
import { SelectionFields } from "./SelectionFields";
import { initialSelection, missingDays, selectionOf, type SelectionValues } from "./selectionValues";
import { usePreviewedForm } from "./usePreviewedForm";
import { useSeen } from "./useSeen";
import type { Selection } from "./useSelection";
import { useSessionDialog } from "./useSessionDialog";

const Substitute = graphql(`
  mutation Substitute($input: UpdateOccurrencesInput!, $preview: Boolean!, $seesPatients: Boolean!, $seesGroups: Boolean!) {
    updateOccurrences(input: $input) {
      updatedCount
      ...BulkOutcome @include(if: $preview)
      userErrors {
        ...Fault
      }
    }
  }
`);

type Props = { groupId: string; today: string; timeZone: string; selection: Selection };

export function SubstituteDialog(props: Props) {
  const { dialog, close } = useSessionDialog();
  return (
    <Dialog
      opened={dialog === "substitute"}
      needs="pm.group_schedule.edit"
      title="Substitute a facilitator"
      size="lg"
      onClose={close}
    >
      <SubstituteForm {...props} onClose={close} />
    </Dialog>
  );
}

type Values = { selection: SelectionValues; role: "LEADS" | "CO_LEADS"; facilitatorId: string | null };

function SubstituteForm({ groupId, today, timeZone, selection, onClose }: Props & { onClose: () => void }) {
  const sees = useSeen();
  const form = useForm<Values>({
    mode: "controlled",
    initialValues: { selection: initialSelection(selection.ids.size, today), role: "LEADS", facilitatorId: null },
    validate: { selection: missingDays, facilitatorId: (id) => (id === null ? "Choose who stands in." : null) },
  });
  const { values } = form;
  const input = inputOf(values, selection, groupId);
  const { dryRun, faults, running, confirm } = usePreviewedForm(
    form,
    Substitute,
    input === null ? null : { input: { ...input, dryRun: true }, preview: true, ...sees },
  );
  const replaces = values.selection.scope === "DAYS" && values.selection.facilitatorId !== null;

  const submit = form.onSubmit(async () => {
    if (input === null || dryRun.asking) return;
    const payload = await confirm({ input, preview: false, ...sees });
    if (payload === null) return;
    tell(`${counted(payload.updatedCount, "session")} got another facilitator.`);
    selection.clear();
    onClose();
  });

  return (
    <DialogForm
      submit={dryRun.asking ? "Checking …" : "Substitute"}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <SelectionFields scope={values.selection.scope} selected={selection.ids.size} fieldProps={(name) => form.getInputProps(name)} />
      {values.selection.scope === "DAYS" && (
        <StaffSelect
          label="Instead of"
          description="Optional. Only sessions that this person leads or co-leads"
          clearable
          clearButtonProps={{ "aria-label": "Clear who is replaced" }}
          {...form.getInputProps("selection.facilitatorId")}
        />
      )}
      {!replaces && (
        <Radio.Group label="Stands in as" {...form.getInputProps("role")}>
          <Group mt="xs">
            <Radio value="LEADS" label="Facilitator" />
            <Radio value="CO_LEADS" label="Co-facilitator" />
          </Group>
        </Radio.Group>
      )}
      <StaffSelect label="Substitute" description="Search by name" required {...form.getInputProps("facilitatorId")} />
      <BulkOutcome
        groupId={groupId}
        today={today}
        timeZone={timeZone}
        outcome={dryRun.payload}
        asking={dryRun.asking}
        refused={dryRun.faults.length > 0}
        idle="Choose the sessions and the substitute to see what will happen."
      />
    </DialogForm>
  );
}

/** Who is replaced is a part of the selection: the server puts the substitute into that person's place. */
function inputOf({ selection, role, facilitatorId }: Values, { ids }: Selection, groupId: string) {
  const selected = selectionOf(selection, ids, groupId);
  if (selected === null || facilitatorId === null) return null;
  const replaces = selected.facilitatorId != null;
  return { selection: selected, ...(role === "LEADS" || replaces ? { facilitatorId } : { coFacilitatorId: facilitatorId }) };
}
