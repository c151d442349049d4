import { Radio, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { tell } from "../../activity/activity";
import { graphql } from "../../api/generated";
import type { EnrollmentRowFragment } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { DialogForm } from "../../ui/Dialog";
import { counted, shortName } from "../../ui/names";
import { useFaults } from "../../ui/useFaults";
import { EnrollmentDialog } from "./EnrollmentDialog";
import type { RosterGroup } from "./EnrollmentsTab";

const Reinstate = graphql(`
  mutation Reinstate($input: ReinstateEnrollmentInput!) {
    reinstateEnrollment(input: $input) {
      enrollment {
        id
        status
        waitlistPosition
      }
      changedEnrollments {
        id
        waitlistPosition
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

export function ReinstateDialog({ group }: { group: RosterGroup }) {
  return (
    <EnrollmentDialog name="reinstate" group={group} title="Reinstate a patient" of={["ended"]}>
      {(ended, close) => <ReinstateForm ended={ended} capacity={group.capacity} onClose={close} />}
    </EnrollmentDialog>
  );
}

type FormProps = { ended: EnrollmentRowFragment; capacity: RosterGroup["capacity"]; onClose: () => void };

function ReinstateForm({ ended, capacity: { available, enrolled, max }, onClose }: FormProps) {
  const [run, running] = useAction(Reinstate);
  const form = useForm({ mode: "controlled", initialValues: { ifFull: "WAIT" } });
  const [faults, showFaults] = useFaults(form);
  const name = ended.patient?.displayName ?? "";
  const full = available === 0;
  const overCapacity = full && form.values.ifFull === "SEAT";

  const submit = form.onSubmit(async () => {
    const { payload, faults: found } = await run({ input: { enrollmentId: ended.id, allowOverCapacity: overCapacity } });
    if (found !== null) return showFaults(found);
    const place = payload.enrollment!.waitlistPosition;
    tell(place === null ? `${shortName(name)} has a seat again.` : `${shortName(name)} is at place ${place} of the waitlist.`);
    const moved = payload.changedEnrollments.filter(({ id, waitlistPosition }) => id !== ended.id && waitlistPosition !== null);
    if (moved.length > 0) tell(`${counted(moved.length, "waiting patient")} moved back by one place.`, "news");
    form.resetDirty();
    onClose();
  });

  return (
    <DialogForm
      submit={overCapacity ? "Reinstate over capacity" : full ? "Put first on the waitlist" : "Reinstate"}
      takesAway={overCapacity}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <Text>
        {full ? `${name} comes back to a full group.` : `${name} gets seat ${enrolled + 1} of ${max}.`} The same record goes on as if it
        had not ended.
      </Text>
      {full && (
        <Radio.Group label="All seats are taken" {...form.getInputProps("ifFull")}>
          <Stack gap="xs" mt="xs">
            <Radio value="WAIT" label="Wait at the first place of the waitlist" />
            <Radio value="SEAT" label={`Take a seat over capacity: ${enrolled + 1} patients on ${max} seats`} />
          </Stack>
        </Radio.Group>
      )}
    </DialogForm>
  );
}
