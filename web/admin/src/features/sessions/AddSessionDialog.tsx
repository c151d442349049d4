import { tell } from "../../activity/activity";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { SessionDefaultsFragment } from "../../api/generated/graphql";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { formatDay, formatStart } from "../../ui/times";
import { ImpactPanel } from "./ImpactPanel";
import { WhenFields, WhoFields } from "./SessionFields";
import type { SessionValues } from "./sessionValues";
import { usePreviewedForm } from "./usePreviewedForm";
import { useSeen } from "./useSeen";
import { useSessionDialog } from "./useSessionDialog";
import { isComplete, useSessionForm } from "./useSessionForm";

/** What a new session of a group has unless it is changed. */
export const SessionDefaultsFields = graphql(`
  fragment SessionDefaults on GroupDefinition {
    id
    timeZone
    durationMinutes
    recurrence {
      startTime
    }
    facilitator {
      id
      displayName
      credentials
      active
    }
    coFacilitator {
      id
      displayName
      credentials
      active
    }
    location {
      id
      site
      room
      timeZone
      active
    }
  }
`);

const AddSession = graphql(`
  mutation AddSession($input: CreateOccurrenceInput!, $preview: Boolean!, $seesPatients: Boolean!, $seesGroups: Boolean!) {
    createOccurrence(input: $input) {
      occurrence {
        id
        sessionDate
        startTime
        startsAt
        timeZone
      }
      impact @include(if: $preview) {
        ...Impact
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

export function AddSessionDialog({ group }: { group: FragmentType<typeof SessionDefaultsFields> }) {
  const { dialog, close } = useSessionDialog();
  return (
    <Dialog opened={dialog === "add-session"} needs="pm.group_schedule.create" title="Add a session" size="lg" onClose={close}>
      <AddSessionForm group={readFragment(SessionDefaultsFields, group)} onClose={close} />
    </Dialog>
  );
}

function AddSessionForm({ group, onClose }: { group: SessionDefaultsFragment; onClose: () => void }) {
  const form = useSessionForm(defaultsOf(group));
  const sees = useSeen();
  const input = inputOf(group, form.values);
  const { dryRun, faults, running, confirm } = usePreviewedForm(
    form,
    AddSession,
    isComplete(form.values) ? { input: { ...input, dryRun: true }, preview: true, ...sees } : null,
  );

  const submit = form.onSubmit(async () => {
    if (dryRun.asking) return;
    const payload = await confirm({ input, preview: false, ...sees });
    if (payload === null) return;
    const session = payload.occurrence!;
    tell(`A session on ${formatDay(session.sessionDate)} at ${formatStart(session)} was added.`);
    onClose();
  });

  return (
    <DialogForm
      submit={dryRun.asking ? "Checking …" : "Add"}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <WhenFields form={form} timeZone={group.timeZone} durationMinutes={group.durationMinutes} />
      <WhoFields form={form} initial={group} />
      <ImpactPanel
        groupId={group.id}
        impact={dryRun.payload?.impact}
        asking={dryRun.asking}
        refused={dryRun.faults.length > 0}
        idle="Fill in the date and the start to see what the session conflicts with."
      />
    </DialogForm>
  );
}

function defaultsOf({ facilitator, coFacilitator, location, recurrence }: SessionDefaultsFragment): SessionValues {
  return {
    sessionDate: "",
    startTime: recurrence?.startTime.slice(0, 5) ?? "",
    endTime: "",
    facilitatorId: facilitator.id,
    coFacilitatorId: coFacilitator?.id ?? null,
    locationId: location?.id ?? null,
  };
}

/** Leave out what the group has too, so that the server takes the group's. */
function inputOf(group: SessionDefaultsFragment, { sessionDate, startTime, endTime, ...who }: SessionValues) {
  const defaults = defaultsOf(group);
  const chosen = Object.entries(who).filter(([name, id]) => id !== defaults[name as keyof SessionValues]);
  return {
    groupDefinitionId: group.id,
    sessionDate,
    startTime: `${startTime}:00`,
    endTime: endTime === "" ? null : `${endTime}:00`,
    ...Object.fromEntries(chosen),
  };
}
