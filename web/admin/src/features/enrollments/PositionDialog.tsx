import { NumberInput, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { EnrollmentRowFragment } from "../../api/generated/graphql";
import { DialogForm } from "../../ui/Dialog";
import { useFaults } from "../../ui/useFaults";
import { EnrollmentDialog } from "./EnrollmentDialog";
import type { RosterGroup } from "./EnrollmentsTab";
import { useMove } from "./useMove";

export function PositionDialog({ group }: { group: RosterGroup }) {
  return (
    <EnrollmentDialog name="position" group={group} title="Move to a place" of={["waiting"]}>
      {(waiting, close) => <PositionForm waiting={waiting} places={group.capacity.waitlisted} onClose={close} />}
    </EnrollmentDialog>
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
