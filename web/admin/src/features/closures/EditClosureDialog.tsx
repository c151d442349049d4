import { useEffect, useEffectEvent, useState } from "react";
import { tell } from "../../activity/activity";
import type { Fault } from "../../api/faults";
import { graphql } from "../../api/generated";
import type { ClosureRowFragment } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { useDryRun } from "../../api/useDryRun";
import { usePermissions } from "../../permissions/permissions";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { useFaults } from "../../ui/useFaults";
import { useKept } from "../../ui/useKept";
import { ClosureFields, ClosureOutlook } from "./ClosureFields";
import { savedInWords } from "./closureRow";
import { useClosureDialog } from "./useClosureDialog";
import { completeInput, useClosureForm } from "./useClosureForm";

const UpdateClosure = graphql(`
  mutation UpdateClosure($input: UpdateClosureInput!, $seesGroups: Boolean!) {
    updateClosure(input: $input) {
      closure {
        id
        version
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
  const { dialog, closureId, close } = useClosureDialog();
  const closure = useKept(closures.find(({ id }) => id === closureId), closureId);
  return (
    <Dialog opened={dialog === "edit" && closure !== undefined} title="Edit a closure" onClose={close}>
      {closure !== undefined && <EditClosureForm key={closure.id} stored={closure} onClose={close} />}
    </Dialog>
  );
}

function EditClosureForm({ stored, onClose }: { stored: ClosureRowFragment; onClose: () => void }) {
  const may = usePermissions();
  const seesGroups = may("pm.group_definitions.view");
  const [run, running] = useAction(UpdateClosure);
  const [saved, setSaved] = useState(false);
  // The version that the form was opened with: what somebody else saves meanwhile must not be overwritten unseen.
  const [opened] = useState(stored);
  const form = useClosureForm(valuesOf(opened));
  const [faults, showFaults] = useFaults(form);
  const input = completeInput(form.values);
  const dryRun = useDryRun(
    UpdateClosure,
    input === null || saved ? null : { input: { ...input, name: opened.name, id: opened.id, dryRun: true }, seesGroups },
  );
  const showPreviewed = useEffectEvent((previewed: readonly Fault[]) => showFaults(previewed, { typing: true }));
  useEffect(() => showPreviewed(dryRun.faults), [dryRun.faults]);

  const submit = form.onSubmit(async () => {
    if (input === null || dryRun.asking) return;
    const { payload, faults: found } = await run({ input: { ...input, id: opened.id, expectedVersion: opened.version }, seesGroups });
    if (found !== null) return showFaults(found);
    tell(savedInWords(`${input.name} was saved.`, payload.affectedCount));
    setSaved(true);
    form.resetDirty();
    onClose();
  });

  return (
    <DialogForm
      submit={dryRun.asking ? "Checking …" : "Save"}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <ClosureFields form={form} location={opened.location} />
      <ClosureOutlook asking={dryRun.asking} complete={input !== null} outlook={dryRun.payload} />
    </DialogForm>
  );
}

function valuesOf({ name, from, through, location }: ClosureRowFragment) {
  return { name, from, through, locationId: location?.id ?? null };
}
