import { NumberInput, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { readFragment } from "../../api/generated";
import type { EnrollmentRowFragment } from "../../api/generated/graphql";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { useFaults } from "../../ui/useFaults";
import { useKept } from "../../ui/useKept";
import { EnrollmentRowFields } from "./enrollmentRow";
import type { RosterGroup } from "./EnrollmentsTab";
import { useEnrollmentDialog } from "./useEnrollmentDialog";
import { useMove } from "./useMove";

export function PositionDialog({ group }: { group: RosterGroup }) {
  const { dialog, enrollmentId, close } = useEnrollmentDialog();
  const rows = readFragment(EnrollmentRowFields, group.waitlist?.nodes ?? []);
  const waiting = useKept(rows.find(({ id }) => id === enrollmentId), enrollmentId);
  return (
    <Dialog opened={dialog === "position" && waiting !== undefined} title="Move to a place" onClose={close}>
      {waiting !== undefined && <PositionForm waiting={waiting} places={group.capacity.waitlisted} onClose={close} />}
    </Dialog>
  );
}

type FormProps = { waiting: EnrollmentRowFragment; places: number; onClose: () => void };

function PositionForm({ waiting, places, onClose }: FormProps) {
  const [move, running] = useMove();
  const form = useForm({ mode: "uncontrolled", initialValues: { position: waiting.waitlistPosition ?? 1 } });
  const [faults, showFaults] = useFaults(form);
  const name = waiting.patient?.displayName ?? "";
  const submit = form.onSubmit(async ({ position }) => {
    const outcome = await move({ id: waiting.id, name, position });
    if (outcome.faults !== null) return showFaults(outcome.faults);
    form.resetDirty();
    onClose();
  });
  return (
    <DialogForm submit="Move" running={running} faults={faults} dirty={() => form.isDirty()} onSubmit={submit} onClose={onClose}>
      <Text>
        {name} is at place {waiting.waitlistPosition} of {places}.
      </Text>
      <NumberInput
        label="New place"
        min={1}
        max={places}
        allowDecimal={false}
        allowNegative={false}
        data-autofocus
        key={form.key("position")}
        {...form.getInputProps("position")}
      />
    </DialogForm>
  );
}
