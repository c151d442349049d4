import { useEffect, useEffectEvent, useState } from "react";
import { tell } from "../../activity/activity";
import type { Fault } from "../../api/faults";
import { graphql } from "../../api/generated";
import type { ClosureRowFragment } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { useDryRun } from "../../api/useDryRun";
import { usePermissions } from "../../permissions/permissions";
import { ConflictAlert } from "../../ui/ConflictAlert";
import { DialogForm } from "../../ui/Dialog";
import { useFaults } from "../../ui/useFaults";
import { ClosureDialog } from "./ClosureDialog";
import { ClosureFields, ClosureOutlook } from "./ClosureFields";
import { savedInWords } from "./closureRow";
import { changesOf, conflictsOf, valuesOf } from "./closureVersions";
import { completeInput, useClosureForm, type ClosureValues } from "./useClosureForm";

const UpdateClosure = graphql(`
  mutation UpdateClosure($input: UpdateClosureInput!, $seesGroups: Boolean!) {
    updateClosure(input: $input) {
      closure {
        id
        version
        name
      }
      affectedCount
      affected {
        ...AffectedSession
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

export function EditClosureDialog({ closures }: { closures: readonly ClosureRowFragment[] }) {
  return (
    <ClosureDialog name="edit" needs="pm.group_schedule.edit" title="Edit a closure" closures={closures}>
      {(closure, close) => <EditClosureForm key={closure.id} stored={closure} onClose={close} />}
    </ClosureDialog>
  );
}

/** The form starts with the closure as it was. `stored` is the closure as the server has it now. */
function EditClosureForm({ stored, onClose }: { stored: ClosureRowFragment; onClose: () => void }) {
  const may = usePermissions();
  const seesGroups = may("pm.group_definitions.view");
  const [run, running] = useAction(UpdateClosure);
  const [saved, setSaved] = useState(false);
  const [opened, setOpened] = useState(stored);
  const [place, setPlace] = useState(stored.location);
  const [conflict, setConflict] = useState(false);
  const form = useClosureForm(valuesOf(opened));
  const [faults, showFaults] = useFaults(form);
  const isComplete = completeInput(form.values) !== null;
  // The sessions do not depend on the name, so typing it asks nothing.
  const moved = changesOf({ ...form.values, name: opened.name }, valuesOf(opened));
  const dryRun = useDryRun(
    UpdateClosure,
    !isComplete || saved ? null : { input: { ...moved, id: opened.id, dryRun: true }, seesGroups },
    String(stored.version),
  );
  const showPreviewed = useEffectEvent((previewed: readonly Fault[]) => showFaults(previewed, { typing: true }));
  useEffect(() => showPreviewed(dryRun.faults), [dryRun.faults]);

  async function save(values: ClosureValues, expectedVersion: number): Promise<void> {
    if (dryRun.asking) return;
    const input = { ...changesOf(values, valuesOf(opened)), id: opened.id, expectedVersion };
    const { payload, faults: found } = await run({ input, seesGroups });
    if (found !== null) {
      setConflict(found.some(({ code }) => code === "VERSION_CONFLICT"));
      return showFaults(found.filter(({ code }) => code !== "VERSION_CONFLICT"));
    }
    tell(savedInWords(`${payload.closure!.name} was saved.`, payload.affectedCount));
    setSaved(true);
    form.resetDirty();
    onClose();
  }

  const takeTheirs = () => {
    form.setInitialValues(valuesOf(stored));
    form.setValues(valuesOf(stored));
    form.clearErrors();
    setPlace(stored.location);
    setOpened(stored);
    setConflict(false);
  };

  return (
    <DialogForm
      submit={dryRun.asking ? "Checking …" : "Save"}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={form.onSubmit((values) => void save(values, opened.version))}
      onClose={onClose}
    >
      {conflict && stored.version !== opened.version && (
        <ConflictAlert
          what="this closure"
          fields={conflictsOf(stored, { ...form.values, place }, opened)}
          onKeepMine={() => void save(form.values, stored.version)}
          onTakeTheirs={takeTheirs}
        />
      )}
      <ClosureFields key={opened.version} form={form} location={opened.location} onPlace={setPlace} />
      <ClosureOutlook asking={dryRun.asking} complete={isComplete} outlook={dryRun.payload} />
    </DialogForm>
  );
}
