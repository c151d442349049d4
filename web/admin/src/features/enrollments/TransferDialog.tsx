import { Button, Group, Paper, Select, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useEffect, useEffectEvent, useState } from "react";
import { tellPromotions } from "../../activity/promotions";
import { graphql, readFragment } from "../../api/generated";
import type { EnrollmentRowFragment, TransferEnrollmentsInput } from "../../api/generated/graphql";
import type { Fault } from "../../api/faults";
import { useAction } from "../../api/useAction";
import { useDryRun } from "../../api/useDryRun";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { counted } from "../../ui/names";
import { useFaults } from "../../ui/useFaults";
import { GroupSelect, type GroupOption } from "../groups/GroupSelect";
import { EnrollmentDialog, NEEDS } from "./EnrollmentDialog";
import { EnrollmentRowFields } from "./enrollmentRow";
import type { RosterGroup } from "./EnrollmentsTab";
import { isSeated, PatientOutcomeFields, tellOutcomes, type Named, type OutcomeRef } from "./outcomes";
import { PatientOutcomes } from "./PatientOutcomes";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

const Transfer = graphql(`
  mutation Transfer($input: TransferEnrollmentsInput!) {
    transferEnrollments(input: $input) {
      results {
        ...PatientOutcome
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

const TITLE = "Transfer to another group";

export function TransferDialog({ group }: { group: RosterGroup }) {
  const { dialog, enrollmentId, close } = useEnrollmentDialog();
  return (
    <>
      <Dialog opened={dialog === "transfer" && enrollmentId === undefined} needs={NEEDS.transfer} title={TITLE} onClose={close}>
        <TransferForm group={group} initial={[]} onClose={close} />
      </Dialog>
      <EnrollmentDialog name="transfer" group={group} title={TITLE} of={["seated", "waiting"]}>
        {(enrollment, leave) => <TransferForm group={group} initial={namedOf(enrollment)} onClose={leave} />}
      </EnrollmentDialog>
    </>
  );
}

type Values = { patients: Named[]; toGroupDefinitionId: string | null; startDate: string; reason: string };
type FormProps = { group: RosterGroup; initial: Named[]; onClose: () => void };

function TransferForm({ group, initial, onClose }: FormProps) {
  const [run, running] = useAction(Transfer);
  const [done, setDone] = useState(false);
  const [target, setTarget] = useState<GroupOption | null>(null);
  const seated = namedIn(group.seats);
  const there = [...seated, ...namedIn(group.waitlist)];
  const form = useForm<Values>({
    mode: "controlled",
    initialValues: {
      patients: initial,
      toGroupDefinitionId: null,
      startDate: "",
      reason: "",
    },
    validate: {
      patients: (patients) => (patients.length === 0 ? "Choose a patient." : null),
      toGroupDefinitionId: (id) => (id === null ? "Choose a group." : null),
    },
  });
  const [faults, showFaults] = useFaults(form);
  const { patients } = form.values;
  const input = done ? null : inputOf(form.values);
  const dryRun = input === null ? null : { input: { ...input, dryRun: true } };
  const { payload: plan, refused, faults: planFaults, asking } = useDryRun(Transfer, dryRun, there.map(({ id }) => id).join());
  const showPreviewed = useEffectEvent((previewed: readonly Fault[]) => showFaults(previewed, { typing: true }));
  useEffect(() => {
    showPreviewed(ofForm(planFaults));
  }, [planFaults]);

  const submit = form.onSubmit(async (values) => {
    if (input === null || asking) return;
    const { payload, faults: found } = await run({ input });
    if (found !== null) return showFaults(ofForm(found));
    tellOutcomes(values.patients, payload.results, ` in ${target?.name ?? "the other group"}`);
    tellPromotions(payload.promoted);
    setDone(true);
    form.resetDirty();
    onClose();
  });

  const remaining = there.filter(({ id }) => patients.every((patient) => patient.id !== id));
  const remainingSeated = remaining.filter(({ id }) => seated.some((patient) => patient.id === id));
  const add = (more: readonly Named[]) => form.setFieldValue("patients", [...patients, ...more]);
  const results = (plan ?? refused)?.results ?? null;
  const isRefused = planFaults.length > 0;
  return (
    <DialogForm
      submit={asking ? "Checking …" : patients.length > 1 ? `Transfer ${counted(patients.length, "patient")}` : "Transfer"}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <GroupSelect
        label="To group"
        description="Search by words of its name"
        reasonAgainst={({ id }) => (id === group.id ? "the group they are in" : null)}
        data-autofocus
        {...form.getInputProps("toGroupDefinitionId")}
        onChoose={setTarget}
      />
      <Group align="flex-end" gap="sm">
        <Select
          key={patients.length}
          label={patients.length === 0 ? "Patient" : "Another patient"}
          searchable
          openOnFocus={false}
          data={remaining.map(({ id, name, number }) => ({ value: id, label: `${name}, ${number}` }))}
          value={null}
          onChange={(id) => add(remaining.filter((patient) => patient.id === id))}
          nothingFoundMessage="Nobody else has a seat or waits"
          data-path="patients"
          error={form.errors["patients"]}
          flex="1 1 220px"
        />
        {remainingSeated.length > 1 && (
          <Button variant="default" onClick={() => add(remainingSeated)}>
            Add all {remainingSeated.length} with a seat
          </Button>
        )}
      </Group>
      <PatientOutcomes
        label="Patients to transfer"
        patients={patients}
        results={results}
        group={target === null ? null : { id: target.id, ...target.capacity }}
        onRemove={(id) => form.setFieldValue("patients", patients.filter((patient) => patient.id !== id))}
      />
      <TextInput
        type="date"
        label="Start date"
        description="Optional. The first day in the other group; otherwise the transfer counts from now"
        {...form.getInputProps("startDate")}
      />
      <Textarea
        label="Reason"
        description="Optional, up to 1,000 characters"
        maxLength={1000}
        autosize
        minRows={1}
        {...form.getInputProps("reason")}
      />
      <Paper withBorder p="sm" role="status" aria-label="What will happen">
        <Text size="sm">
          {asking
            ? "Asking the server what will happen …"
            : isRefused
              ? "The server would refuse this: nobody is transferred unless all can be. Correct what is marked."
              : transferInWords(results, target)}
        </Text>
      </Paper>
    </DialogForm>
  );
}

function namedIn(list: RosterGroup["seats"]): Named[] {
  return readFragment(EnrollmentRowFields, list?.nodes ?? []).flatMap(namedOf);
}

function namedOf({ id, patient }: EnrollmentRowFragment): Named[] {
  return patient == null ? [] : [{ id, name: patient.displayName, number: patient.medicalRecordNumber }];
}

function inputOf({ patients, toGroupDefinitionId, startDate, reason }: Values): TransferEnrollmentsInput | null {
  if (patients.length === 0 || toGroupDefinitionId === null) return null;
  return {
    enrollmentIds: patients.map(({ id }) => id),
    toGroupDefinitionId,
    startDate: startDate || null,
    reason: reason.trim() || null,
  };
}

/** The list of patients shows what is wrong with each of them. */
function ofForm(faults: readonly Fault[]): Fault[] {
  return faults.filter(({ path }) => !path.startsWith("enrollmentIds."));
}

function transferInWords(results: readonly OutcomeRef[] | null, target: GroupOption | null): string {
  if (results === null || target === null) return "The patients leave this group, and their free seats go to the waitlist.";
  const outcomes = readFragment(PatientOutcomeFields, results);
  const count = outcomes.filter(isSeated).length;
  const parts = [
    count > 0 && `${counted(count, "patient")} ${count === 1 ? "gets a seat" : "get seats"}`,
    outcomes.length > count && `${counted(outcomes.length - count, "patient")} on the waitlist`,
  ];
  return `In ${target.name}: ${parts.filter(Boolean).join(", ")}. The seats that become free here go to the waitlist.`;
}
