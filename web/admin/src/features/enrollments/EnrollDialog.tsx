import { Group, Paper, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { tell } from "../../activity/activity";
import type { Fault } from "../../api/faults";
import { graphql, readFragment } from "../../api/generated";
import type { EnrollPatientsInput } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { useDryRun } from "../../api/useDryRun";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { counted, shortName } from "../../ui/names";
import { useFaults } from "../../ui/useFaults";
import { PatientSelect, type PatientOption } from "../patients/PatientSelect";
import { NEEDS } from "./EnrollmentDialog";
import { placesByPatient } from "./enrollmentRow";
import type { RosterGroup } from "./EnrollmentsTab";
import { isSeated, PatientOutcomeFields, refusalOf, tellOutcomes, type Named, type OutcomeRef } from "./outcomes";
import { PatientOutcomes } from "./PatientOutcomes";
import { useEnrollHours } from "./useEnrollHours";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

const LONGEST_LIST = 200;

const Enroll = graphql(`
  mutation Enroll($input: EnrollPatientsInput!) {
    enrollPatients(input: $input) {
      results {
        ...PatientOutcome
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
    <Dialog opened={dialog === "enroll"} needs={NEEDS.enroll} title="Enroll patients" onClose={close}>
      <EnrollForm group={group} onClose={close} />
    </Dialog>
  );
}

type Values = { patients: PatientOption[]; startDate: string; endDate: string };

function EnrollForm({ group, onClose }: { group: RosterGroup; onClose: () => void }) {
  const [run, running] = useAction(Enroll);
  const [done, setDone] = useState(false);
  const form = useForm<Values>({
    mode: "controlled",
    initialValues: { patients: [], startDate: "", endDate: "" },
    validate: { patients: (patients) => (patients.length === 0 ? "Choose a patient." : null) },
  });
  const [faults, showFaults] = useFaults(form);
  const { patients } = form.values;
  const { enrolled, waitlisted, max } = group.capacity;
  const input = done ? null : inputOf(group, form.values);
  const dryRun = input === null ? null : { input: { ...input, dryRun: true } };
  const { payload: plan, faults: planFaults, asking } = useDryRun(Enroll, dryRun, [enrolled, waitlisted, max].join());
  const hours = useEnrollHours(group, patients.map(({ id }) => id), form.values.startDate, form.values.endDate);
  const showPreviewed = useEffectEvent((previewed: readonly Fault[]) => showFaults(previewed, { typing: true }));
  useEffect(() => {
    showPreviewed(planFaults);
  }, [planFaults]);
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else document.querySelector<HTMLElement>('[data-path="patientIds"]')?.focus(); // the button or field before is gone
  }, [patients.length]);

  const submit = form.onSubmit(async (values) => {
    if (input === null || asking) return;
    const { payload, faults: found } = await run({ input });
    if (found !== null) return showFaults(found);
    const outcomes = readFragment(PatientOutcomeFields, payload.results);
    tellOutcomes(values.patients.map(named), payload.results);
    const refused = values.patients.filter((_, index) => refusalOf(outcomes[index]!) !== null);
    if (refused.length > 0) {
      const names = refused.map(({ displayName }) => shortName(displayName)).join(", ");
      tell(`Not enrolled: ${names}. The list in the dialog says why.`, "failed");
      return form.setFieldValue("patients", refused);
    }
    setDone(true);
    form.resetDirty();
    onClose();
  });

  const there = placesByPatient(group);
  const chosen = new Set(patients.map(({ id }) => id));
  const reasonAgainst = ({ id, active }: PatientOption) =>
    chosen.has(id) ? "on the list" : (there.get(id) ?? (active ? null : "inactive in the registry"));
  const results = plan?.results ?? null;
  const { words, submit: label } = decisionInWords(group, results, patients.length);
  return (
    <DialogForm
      submit={asking ? "Checking …" : label}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <PatientSelect
        // A new field for each patient, because this one forgets what was typed for the last.
        key={patients.length}
        label="Patient"
        description="Search by name, record number or birth date (1987-03-14). Add as many as you like"
        reasonAgainst={reasonAgainst}
        disabled={patients.length >= LONGEST_LIST}
        data-autofocus
        data-path="patientIds"
        error={form.errors["patients"] ?? form.errors["patientIds"]}
        value={null}
        onChoose={(patient) => patient !== null && form.setFieldValue("patients", [...patients, patient])}
      />
      <PatientOutcomes
        label="Patients to enroll"
        patients={patients.map(named)}
        results={results}
        group={{ id: group.id, enrolled, max }}
        hoursOf={hours.of}
        onRemove={(id) => form.setFieldValue("patients", patients.filter((patient) => patient.id !== id))}
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
      <Paper withBorder p="sm" role="status" aria-label="What will happen">
        <Text size="sm">
          {asking
            ? "Asking the server what will happen …"
            : planFaults.length > 0
              ? "The server would refuse this. Correct what is marked."
              : words}
        </Text>
        {patients.length > 0 && hours.added !== null && <Text size="sm">{hours.added}</Text>}
      </Paper>
    </DialogForm>
  );
}

function named({ id, displayName, medicalRecordNumber }: PatientOption): Named {
  return { id, name: displayName, number: medicalRecordNumber };
}

function inputOf(group: RosterGroup, { patients, startDate, endDate }: Values): EnrollPatientsInput | null {
  if (patients.length === 0) return null;
  return {
    groupDefinitionId: group.id,
    patientIds: patients.map(({ id }) => id),
    startDate: startDate || null,
    endDate: endDate || null,
  };
}

/** Say what will happen: by the group's seats before a patient is chosen, and by the server's word after. */
function decisionInWords(
  { capacity: { available, enrolled, max, waitlisted } }: RosterGroup,
  results: readonly OutcomeRef[] | null,
  chosen: number,
): { words: string; submit: string } {
  const outcomes = results === null ? null : readFragment(PatientOutcomeFields, results);
  const possible = outcomes?.filter((outcome) => refusalOf(outcome) === null) ?? [];
  const seated = possible.filter(isSeated).length;
  if (chosen > 1 && outcomes !== null) {
    const parts = [
      seated > 0 && `${counted(seated, "patient")} ${seated === 1 ? "gets a seat" : "get seats"}`,
      possible.length > seated && `${counted(possible.length - seated, "patient")} on the waitlist`,
      possible.length < chosen && `${counted(chosen - possible.length, "patient")} not enrolled`,
    ];
    return { words: `${parts.filter(Boolean).join(", ")}.`, submit: `Enroll ${counted(possible.length, "patient")}` };
  }
  const [only] = outcomes ?? [];
  if (only !== undefined && refusalOf(only) !== null) {
    return { words: "The server would refuse this. The list says why.", submit: "Enroll" };
  }
  const getsSeat = only === undefined ? available > 0 : isSeated(only);
  return getsSeat
    ? { words: `There is a free seat: the patient gets seat ${enrolled + 1} of ${max}.`, submit: "Enroll" }
    : {
        words: `The group is full: the patient joins the waitlist at place ${only?.decision?.waitlistPosition ?? waitlisted + 1}.`,
        submit: "Add to waitlist",
      };
}
