import { Group, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useEffect, useEffectEvent, useState } from "react";
import { tell } from "../../activity/activity";
import type { Fault } from "../../api/faults";
import { graphql } from "../../api/generated";
import type { EnrollPatientInput } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { shortName } from "../../ui/names";
import { useFaults } from "../../ui/useFaults";
import { PatientSelect, type PatientOption } from "../patients/PatientSelect";
import { placesByPatient } from "./enrollmentRow";
import type { RosterGroup } from "./EnrollmentsTab";
import { EnrollOutlookPanel } from "./EnrollOutlookPanel";
import { useEnrollmentDialog } from "./useEnrollmentDialog";
import { useEnrollPreview } from "./useEnrollPreview";

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

type Values = { patientId: string | null; startDate: string; endDate: string };

function EnrollForm({ group, onClose }: { group: RosterGroup; onClose: () => void }) {
  const [run, running] = useAction(Enroll);
  const [done, setDone] = useState(false);
  const form = useForm<Values>({
    mode: "controlled",
    initialValues: { patientId: null, startDate: "", endDate: "" },
    validate: { patientId: (value) => (value === null ? "Choose a patient." : null) },
  });
  const [faults, showFaults] = useFaults(form);
  const { answer, asking } = useEnrollPreview(done ? null : inputOf(group, form.values), group.capacity);
  const showPreviewed = useEffectEvent((previewed: readonly Fault[]) => showFaults(previewed, { typing: true }));
  useEffect(() => {
    if (answer !== null) showPreviewed(answer.faults);
  }, [answer]);

  const submit = form.onSubmit(async (values) => {
    const input = inputOf(group, values);
    if (input === null || asking) return;
    const { payload, faults: found } = await run({ input });
    if (found !== null) return showFaults(found);
    const { patient, waitlistPosition } = payload.enrollment!;
    const name = shortName(patient!.displayName);
    tell(waitlistPosition === null ? `${name} has a seat.` : `${name} is at place ${waitlistPosition} of the waitlist.`);
    setDone(true);
    form.resetDirty();
    onClose();
  });

  const there = placesByPatient(group);
  const reasonAgainst = ({ id, active }: PatientOption) => there.get(id) ?? (active ? null : "inactive in the registry");
  const outlook = answer?.outlook ?? null;
  const waits = outlook === null ? group.capacity.available === 0 : outlook.decision?.status === "WAITLISTED";
  return (
    <DialogForm
      submit={asking ? "Checking …" : waits ? "Add to waitlist" : "Enroll"}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <PatientSelect
        label="Patient"
        description="Search by name, record number or birth date (1987-03-14)"
        reasonAgainst={reasonAgainst}
        data-autofocus
        {...form.getInputProps("patientId")}
      />
      <Group align="flex-start" grow preventGrowOverflow={false}>
        <TextInput
          type="date"
          label="Start date"
          description="Optional. Otherwise the day on which the seat is given"
          {...form.getInputProps("startDate")}
        />
        <TextInput type="date" label="End date" description="Optional. The last day, if it is known" {...form.getInputProps("endDate")} />
      </Group>
      <EnrollOutlookPanel group={group} outlook={outlook} asking={asking} refused={answer !== null && answer.outlook === null} />
    </DialogForm>
  );
}

function inputOf(group: RosterGroup, { patientId, startDate, endDate }: Values): EnrollPatientInput | null {
  if (patientId === null) return null;
  return { groupDefinitionId: group.id, patientId, startDate: startDate || null, endDate: endDate || null };
}
