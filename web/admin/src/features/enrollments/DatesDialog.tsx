import { Group, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { tell } from "../../activity/activity";
import { graphql } from "../../api/generated";
import type { EnrollmentRowFragment } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { ConflictAlert, type ConflictingField } from "../../ui/ConflictAlert";
import { DialogForm } from "../../ui/Dialog";
import { shortName } from "../../ui/names";
import { formatDate } from "../../ui/times";
import { useFaults } from "../../ui/useFaults";
import { EnrollmentDialog } from "./EnrollmentDialog";
import type { RosterGroup } from "./EnrollmentsTab";

const UpdateDates = graphql(`
  mutation UpdateDates($input: UpdateEnrollmentInput!) {
    updateEnrollment(input: $input) {
      enrollment {
        id
        version
        startDate
        endDate
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

export function DatesDialog({ group }: { group: RosterGroup }) {
  return (
    <EnrollmentDialog name="dates" group={group} title="Change the dates">
      {(enrollment, close) => <DatesForm current={enrollment} timeZone={group.timeZone} onClose={close} />}
    </EnrollmentDialog>
  );
}

type Dates = { startDate: string; endDate: string };
type FormProps = { current: EnrollmentRowFragment; timeZone: string; onClose: () => void };

/** The form starts with the dates as they were. `current` is the enrollment as the server has it now. */
function DatesForm({ current, timeZone, onClose }: FormProps) {
  const [run, running] = useAction(UpdateDates);
  const [opened, setOpened] = useState(current);
  const [conflict, setConflict] = useState(false);
  const before = datesOf(opened);
  const form = useForm<Dates>({ mode: "controlled", initialValues: before });
  const [faults, showFaults] = useFaults(form);
  const name = current.patient?.displayName ?? "The patient";

  async function save(values: Dates, expectedVersion: number): Promise<void> {
    const { payload, faults: found } = await run({
      input: { enrollmentId: current.id, expectedVersion, ...changesOf(values, before) },
    });
    if (found !== null) {
      setConflict(found.some(({ code }) => code === "VERSION_CONFLICT"));
      return showFaults(found.filter(({ code }) => code !== "VERSION_CONFLICT"));
    }
    const { startDate, endDate } = payload.enrollment!;
    tell(`The dates of ${shortName(name)} were saved: ${datesInWords(startDate, endDate)}.`);
    form.resetDirty();
    onClose();
  }

  const takeTheirs = () => {
    form.setInitialValues(datesOf(current));
    form.setValues(datesOf(current));
    form.clearErrors();
    setOpened(current);
    setConflict(false);
  };

  return (
    <DialogForm
      submit="Save"
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={form.onSubmit((values) => void save(values, opened.version))}
      onClose={onClose}
    >
      {conflict && current.version !== opened.version && (
        <ConflictAlert
          what="this enrollment"
          fields={conflictsOf(form.values, datesOf(current), before)}
          onKeepMine={() => void save(form.values, current.version)}
          onTakeTheirs={takeTheirs}
        />
      )}
      <Text>
        The days on which {name} {current.disenrolledAt === null ? "is" : "was"} expected, in the group's time zone ({timeZone}). Nobody gains or loses a seat.
      </Text>
      <Group align="flex-start" grow preventGrowOverflow={false}>
        <TextInput
          type="date"
          label="Start date"
          description={
            current.enrolledAt === null ? "Optional while the patient waits" : "The first day on which the patient is expected"
          }
          data-autofocus
          {...form.getInputProps("startDate")}
        />
        <TextInput
          type="date"
          label="End date"
          description="Optional. The last day, if it is known"
          {...form.getInputProps("endDate")}
        />
      </Group>
    </DialogForm>
  );
}

function datesOf({ startDate, endDate }: EnrollmentRowFragment): Dates {
  return { startDate: startDate ?? "", endDate: endDate ?? "" };
}

/** Return the dates that differ, because a date that is left out stays as it is. */
function changesOf(values: Dates, before: Dates): { startDate?: string | null; endDate?: string | null } {
  return {
    ...(values.startDate !== before.startDate && { startDate: values.startDate || null }),
    ...(values.endDate !== before.endDate && { endDate: values.endDate || null }),
  };
}

function conflictsOf(mine: Dates, theirs: Dates, before: Dates): ConflictingField[] {
  const fields = [
    { label: "Start date", theirs: theirs.startDate, mine: mine.startDate, before: before.startDate },
    { label: "End date", theirs: theirs.endDate, mine: mine.endDate, before: before.endDate },
  ];
  return fields
    .filter(({ theirs: saved, mine: typed, before: old }) => saved !== old || typed !== old)
    .map(({ label, theirs: saved, mine: typed }) => ({ label, theirs: dayInWords(saved), mine: dayInWords(typed) }));
}

function dayInWords(day: string): string {
  return day === "" ? "–" : formatDate(day);
}

function datesInWords(start: string | null, end: string | null): string {
  const first = start === null ? "from the day of a seat" : `from ${formatDate(start)}`;
  return end === null ? `${first}, without an end` : `${first} to ${formatDate(end)}`;
}
