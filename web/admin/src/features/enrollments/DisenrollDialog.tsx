import { Anchor, Text, Textarea, TextInput } from "@mantine/core";
import { useForm, type GetInputPropsReturnType } from "@mantine/form";
import { tell } from "../../activity/activity";
import { tellPromotions } from "../../activity/promotions";
import { graphql } from "../../api/generated";
import type { EnrollmentRowFragment } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { DialogForm } from "../../ui/Dialog";
import { shortName } from "../../ui/names";
import { formatNearDay, todayIn } from "../../ui/times";
import { useFaults } from "../../ui/useFaults";
import { EnrollmentDialog } from "./EnrollmentDialog";
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

export function DisenrollDialog({ group, deleted }: { group: RosterGroup; deleted: boolean }) {
  const { capacity, timeZone } = group;
  return (
    <EnrollmentDialog
      name="disenroll"
      group={group}
      title={(enrollment) => (enrollment?.waitlistPosition == null ? "Disenroll a patient" : "Take off the waitlist")}
      of={["seated", "waiting"]}
    >
      {(enrollment, close) => (
        <DisenrollForm
          enrollment={enrollment}
          timeZone={timeZone}
          deleted={deleted}
          somebodyWaits={capacity.waitlisted > 0 && capacity.enrolled <= capacity.max}
          onClose={close}
        />
      )}
    </EnrollmentDialog>
  );
}

type FormProps = {
  enrollment: EnrollmentRowFragment;
  timeZone: string;
  deleted: boolean;
  somebodyWaits: boolean;
  onClose: () => void;
};

function DisenrollForm({ enrollment, timeZone, deleted, somebodyWaits, onClose }: FormProps) {
  const [run, running] = useAction(Disenroll);
  const form = useForm({ mode: "controlled", initialValues: { endDate: "", reason: "" } });
  const [faults, showFaults] = useFaults(form);
  const name = enrollment.patient?.displayName ?? "The patient";
  const seated = enrollment.waitlistPosition === null;

  const submit = form.onSubmit(async ({ endDate, reason }) => {
    const { payload, faults: found } = await run({
      input: {
        enrollmentId: enrollment.id,
        endDate: endDate || null,
        reason: reason.trim() || null,
        expectedVersion: enrollment.version,
      },
    });
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
      <Text role="status" aria-label="What will happen">
        {seated ? `${name} gives up their seat now. ` : `${name} no longer waits for a seat. `}
        {seated && somebodyWaits && (deleted ? "It stays free while the group is deleted. " : "The first on the waitlist who may be seated gets it. ")}
        {seated && `${lastDayInWords(form.values.endDate, enrollment, todayIn(timeZone))} `}
        The record stays under past enrollments.
      </Text>
      {seated && <LastDay enrollment={enrollment} deleted={deleted} timeZone={timeZone} field={form.getInputProps("endDate")} />}
      <Textarea
        label="Reason"
        description="Optional, up to 1,000 characters"
        maxLength={1000}
        autosize
        minRows={2}
        data-autofocus
        {...form.getInputProps("reason")}
      />
    </DialogForm>
  );
}

type LastDayProps = { enrollment: EnrollmentRowFragment; deleted: boolean; timeZone: string; field: GetInputPropsReturnType };

/** The last day of a stay that has ended before today. A later one is a date of the stay, because the seat stays taken. */
function LastDay({ enrollment, deleted, timeZone, field }: LastDayProps) {
  const { show } = useEnrollmentDialog();
  return (
    <div>
      <TextInput
        type="date"
        label="Last day"
        description="Optional, if the last day is over. By default now"
        min={enrollment.startDate ?? undefined}
        max={todayIn(timeZone)}
        {...field}
      />
      {!deleted && (
        <Text size="sm" mt={4}>
          Does the stay end on a later day?{" "}
          <Anchor component="button" type="button" inherit underline="always" onClick={() => show("dates", enrollment.id)}>
            Change its dates instead
          </Anchor>
          , and disenroll the patient when it is over.
        </Text>
      )}
    </div>
  );
}

/** Say from when on the patient is not expected any more. */
function lastDayInWords(lastDay: string, { endDate }: EnrollmentRowFragment, today: string): string {
  if (lastDay !== "" && lastDay < today) {
    return `The last day was ${formatNearDay(lastDay, today)}: the patient does not count as expected at sessions after it.`;
  }
  const over = endDate !== null && endDate < today ? ` The last day stays ${formatNearDay(endDate, today)}.` : "";
  return `The patient is expected at no session that starts after now.${over}`;
}
