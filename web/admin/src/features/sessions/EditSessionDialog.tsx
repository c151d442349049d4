import { useEffect, useEffectEvent, useState } from "react";
import { useQuery } from "urql";
import { tell } from "../../activity/activity";
import type { Fault } from "../../api/faults";
import { graphql, readFragment } from "../../api/generated";
import type { SessionFormFragment } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { useDryRun } from "../../api/useDryRun";
import { ConflictAlert } from "../../ui/ConflictAlert";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { Loaded } from "../../ui/states";
import { formatDay, formatStart } from "../../ui/times";
import { useFaults } from "../../ui/useFaults";
import { ImpactPanel } from "./ImpactPanel";
import { NoSuchSession } from "./SessionById";
import { WhenFields, WhoFields, type ChosenNames } from "./SessionFields";
import { changesOf, conflictsOf, SessionFormFields, valuesOf, wordsOf, type SessionValues } from "./sessionValues";
import { useSeen } from "./useSeen";
import { useSessionDialog } from "./useSessionDialog";
import { isComplete, useSessionForm } from "./useSessionForm";
import { placeInWords } from "./words";

const SessionToEdit = graphql(`
  query SessionToEdit($id: ID!) {
    occurrence(id: $id) {
      id
      ...SessionForm
    }
  }
`);

const UpdateSession = graphql(`
  mutation UpdateSession($input: UpdateOccurrenceInput!, $preview: Boolean!, $seesPatients: Boolean!, $seesGroups: Boolean!) {
    updateOccurrence(input: $input) {
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

/** Edits the session of the address, or moves it: the same form with only the date and the times. */
export function EditSessionDialog({ groupId }: { groupId: string | null }) {
  const { dialog, sessionId, close } = useSessionDialog();
  const moves = dialog === "move-session";
  return (
    <Dialog
      opened={sessionId !== undefined && (moves || dialog === "edit-session")}
      needs="pm.group_schedule.edit"
      title={moves ? "Move the session" : "Edit the session"}
      size="lg"
      onClose={close}
    >
      {sessionId !== undefined && <EditSessionById id={sessionId} groupId={groupId} moves={moves} onClose={close} />}
    </Dialog>
  );
}

type Props = { groupId: string | null; moves: boolean; onClose: () => void };

function EditSessionById({ id, ...rest }: Props & { id: string }) {
  const [{ data, error, stale }, execute] = useQuery({ query: SessionToEdit, variables: { id }, requestPolicy: "network-only" });
  const refresh = () => execute({ requestPolicy: "network-only" });
  return (
    <Loaded result={{ data, error, refresh, outdated: stale }}>
      {({ occurrence }) =>
        occurrence ? (
          <EditSessionForm current={readFragment(SessionFormFields, occurrence)} refresh={refresh} {...rest} />
        ) : (
          <NoSuchSession />
        )
      }
    </Loaded>
  );
}

/** The form starts with the session as it was. `current` is what the server has since a conflict. */
function EditSessionForm({ current, refresh, groupId, moves, onClose }: Props & { current: SessionFormFragment; refresh: () => void }) {
  const [run, running] = useAction(UpdateSession);
  const [opened, setOpened] = useState(current);
  const [conflict, setConflict] = useState(false);
  const [done, setDone] = useState(false);
  const [names, setNames] = useState<ChosenNames>({});
  const form = useSessionForm(valuesOf(current));
  const [faults, showFaults] = useFaults(form);
  const sees = useSeen();
  const changes = isComplete(form.values) ? changesOf(form.values, valuesOf(opened)) : null;
  const dryRun = useDryRun(
    UpdateSession,
    done || conflict || changes === null ? null : { input: { id: current.id, ...changes, dryRun: true }, preview: true, ...sees },
  );
  const showPreviewed = useEffectEvent((previewed: readonly Fault[]) => showFaults(previewed, { typing: true }));
  useEffect(() => showPreviewed(dryRun.faults), [dryRun.faults]);
  const focusFirstField = useEffectEvent(() => form.getInputNode("sessionDate")?.focus());
  useEffect(() => focusFirstField(), []); // the dialog opened before the session was loaded

  async function save(values: SessionValues, version = opened.version): Promise<void> {
    if (dryRun.asking) return;
    const input = { id: current.id, expectedVersion: version, ...changesOf(values, valuesOf(opened)) };
    const { payload, faults: refused } = await run({ input, preview: false, ...sees });
    if (refused !== null) {
      const isConflict = refused.some(({ code }) => code === "VERSION_CONFLICT");
      if (isConflict) refresh();
      setConflict(isConflict);
      return showFaults(refused.filter(({ code }) => code !== "VERSION_CONFLICT"));
    }
    const session = payload.occurrence!;
    const when = `${formatDay(session.sessionDate)} at ${formatStart(session)}`;
    tell(moves ? `The session was moved to ${when}.` : `The session on ${when} was saved.`);
    setDone(true);
    form.resetDirty();
    onClose();
  }

  const takeTheirs = () => {
    form.setInitialValues(valuesOf(current));
    form.setValues(valuesOf(current));
    form.clearErrors();
    setNames({});
    setOpened(current);
    setConflict(false);
  };

  return (
    <DialogForm
      submit={dryRun.asking ? "Checking …" : moves ? "Move" : "Save"}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={form.onSubmit((values) => void save(values))}
      onClose={onClose}
    >
      {conflict && current.version !== opened.version && (
        <ConflictAlert
          what="this session"
          fields={conflictsOf(wordsOf(current), mineInWords(opened, form.values, names), wordsOf(opened))}
          onKeepMine={() => void save(form.values, current.version)}
          onTakeTheirs={takeTheirs}
        />
      )}
      <WhenFields form={form} timeZone={current.timeZone} />
      {!moves && <WhoFields key={opened.version} form={form} initial={opened} onNames={(chosen) => setNames({ ...names, ...chosen })} />}
      {!conflict && (
        <ImpactPanel
          groupId={groupId}
          impact={dryRun.payload?.impact}
          asking={dryRun.asking}
          refused={dryRun.faults.length > 0}
          idle="Nothing is changed yet."
        />
      )}
    </DialogForm>
  );
}

/** Return the words of what is in the form. Fields that were not touched are as they were when it opened. */
function mineInWords(opened: SessionFormFragment, values: SessionValues, names: ChosenNames) {
  return {
    ...wordsOf({ ...opened, sessionDate: values.sessionDate, startTime: values.startTime, endTime: values.endTime }),
    Facilitator: names.facilitatorId ?? opened.facilitator.displayName,
    "Co-facilitator": names.coFacilitatorId ?? opened.coFacilitator?.displayName ?? "None",
    Place: names.locationId ?? placeInWords(opened.location),
  };
}
