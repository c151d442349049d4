import { Text, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { tell } from "../../activity/activity";
import { tellPromotions } from "../../activity/promotions";
import { graphql, readFragment } from "../../api/generated";
import type { EnrollmentRowFragment } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { shortName } from "../../ui/names";
import { useFaults } from "../../ui/useFaults";
import { useKept } from "../../ui/useKept";
import { EnrollmentRowFields } from "./enrollmentRow";
import type { RosterGroup } from "./EnrollmentsTab";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

const Disenroll = graphql(`
  mutation Disenroll($input: DisenrollPatientInput!) {
    disenrollPatient(input: $input) {
      enrollment {
        id
        status
      }
      promoted {
        id
        patient {
          id
          displayName
        }
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

export function DisenrollDialog({ group }: { group: RosterGroup }) {
  const { dialog, enrollmentId, close } = useEnrollmentDialog();
  const active = readFragment(EnrollmentRowFields, [...(group.seats?.nodes ?? []), ...(group.waitlist?.nodes ?? [])]);
  const enrollment = useKept(active.find(({ id }) => id === enrollmentId), enrollmentId);
  const seated = enrollment?.waitlistPosition === null;
  return (
    <Dialog
      opened={dialog === "disenroll" && enrollment !== undefined}
      title={seated ? "Disenroll a patient" : "Take off the waitlist"}
      onClose={close}
    >
      {enrollment !== undefined && (
        <DisenrollForm
          enrollment={enrollment}
          somebodyWaits={seated && group.capacity.waitlisted > 0 && group.capacity.enrolled <= group.capacity.max}
          onClose={close}
        />
      )}
    </Dialog>
  );
}

type FormProps = { enrollment: EnrollmentRowFragment; somebodyWaits: boolean; onClose: () => void };

function DisenrollForm({ enrollment, somebodyWaits, onClose }: FormProps) {
  const [run, running] = useAction(Disenroll);
  const form = useForm({ mode: "uncontrolled", initialValues: { reason: "" } });
  const [faults, showFaults] = useFaults(form);
  const name = enrollment.patient?.displayName ?? "";
  const seated = enrollment.waitlistPosition === null;

  const submit = form.onSubmit(async ({ reason }) => {
    const input = { enrollmentId: enrollment.id, reason: reason.trim() || null, expectedVersion: enrollment.version };
    const { payload, faults: found } = await run({ input });
    if (found !== null) return showFaults(found);
    tell(seated ? `${shortName(name)} was disenrolled.` : `${shortName(name)} was taken off the waitlist.`);
    tellPromotions(payload.promoted);
    form.resetDirty();
    onClose();
  });

  return (
    <DialogForm
      submit={seated ? "Disenroll" : "Take off"}
      takesAway
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <Text>
        {seated ? `${name} gives up their seat.` : `${name} no longer waits for a seat.`}
        {somebodyWaits && " The first on the waitlist who may be seated gets it."} The record stays under past enrollments.
      </Text>
      <Textarea
        label="Reason"
        description="Optional, up to 1,000 characters"
        maxLength={1000}
        autosize
        minRows={2}
        data-autofocus
        key={form.key("reason")}
        {...form.getInputProps("reason")}
      />
    </DialogForm>
  );
}
