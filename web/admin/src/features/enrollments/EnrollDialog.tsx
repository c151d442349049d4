import { Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { tell } from "../../activity/activity";
import { graphql, readFragment } from "../../api/generated";
import { useAction } from "../../api/useAction";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { shortName } from "../../ui/names";
import { useFaults } from "../../ui/useFaults";
import { PatientSelect, type PatientOption } from "../patients/PatientSelect";
import { EnrollmentRowFields } from "./enrollmentRow";
import type { RosterGroup } from "./EnrollmentsTab";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

const Enroll = graphql(`
  mutation Enroll($input: EnrollPatientInput!) {
    enrollPatient(input: $input) {
      enrollment {
        id
        status
        waitlistPosition
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

export function EnrollDialog({ group }: { group: RosterGroup }) {
  const { dialog, close } = useEnrollmentDialog();
  return (
    <Dialog opened={dialog === "enroll"} title="Enroll a patient" onClose={close}>
      <EnrollForm group={group} onClose={close} />
    </Dialog>
  );
}

function EnrollForm({ group, onClose }: { group: RosterGroup; onClose: () => void }) {
  const [run, running] = useAction(Enroll);
  const form = useForm<{ patientId: string | null }>({
    mode: "controlled",
    initialValues: { patientId: null },
    validate: { patientId: (value) => (value === null ? "Choose a patient." : null) },
  });
  const [faults, showFaults] = useFaults(form);

  const submit = form.onSubmit(async ({ patientId }) => {
    const { payload, faults: found } = await run({ input: { groupDefinitionId: group.id, patientId: patientId ?? "" } });
    if (found !== null) return showFaults(found);
    const { patient, waitlistPosition } = payload.enrollment!;
    const name = shortName(patient!.displayName);
    tell(waitlistPosition === null ? `${name} has a seat.` : `${name} is at place ${waitlistPosition} of the waitlist.`);
    form.resetDirty();
    onClose();
  });

  const there = placesByPatient(group);
  const reasonAgainst = ({ id, active }: PatientOption) => there.get(id) ?? (active ? null : "inactive in the registry");
  return (
    <DialogForm submit="Enroll" running={running} faults={faults} dirty={() => form.isDirty()} onSubmit={submit} onClose={onClose}>
      <PatientSelect
        label="Patient"
        description="Search by name, record number or birth date (1987-03-14)"
        reasonAgainst={reasonAgainst}
        data-autofocus
        {...form.getInputProps("patientId")}
      />
      <Text size="sm" role="status">
        {whatWillHappen(group)}
      </Text>
    </DialogForm>
  );
}

function whatWillHappen({ capacity: { available, enrolled, max, waitlisted } }: RosterGroup): string {
  return available > 0
    ? `There is a free seat: the patient gets seat ${enrolled + 1} of ${max}.`
    : `The group is full: the patient joins the waitlist at place ${waitlisted + 1}.`;
}

/** Return the words for patients who are in the group already. */
function placesByPatient({ seats, waitlist }: RosterGroup): Map<string, string> {
  const rows = readFragment(EnrollmentRowFields, [...(seats?.nodes ?? []), ...(waitlist?.nodes ?? [])]);
  return new Map(
    rows.map(({ patient, waitlistPosition }) => [
      patient?.id ?? "",
      waitlistPosition === null ? "has a seat" : `waits at place ${waitlistPosition}`,
    ]),
  );
}
