import { useEffect, useEffectEvent, useState } from "react";
import { tell } from "../../activity/activity";
import type { Fault } from "../../api/faults";
import { graphql } from "../../api/generated";
import { useAction } from "../../api/useAction";
import { useDryRun } from "../../api/useDryRun";
import { usePermissions } from "../../permissions/permissions";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { useFaults } from "../../ui/useFaults";
import { ClosureFields, ClosureOutlook } from "./ClosureFields";
import { savedInWords } from "./closureRow";
import { useClosureDialog } from "./useClosureDialog";
import { completeInput, useClosureForm } from "./useClosureForm";

const CreateClosure = graphql(`
  mutation CreateClosure($input: CreateClosureInput!, $seesGroups: Boolean!) {
    createClosure(input: $input) {
      closure {
        id
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

export function AddClosureDialog() {
  const { dialog, close } = useClosureDialog();
  return (
    <Dialog opened={dialog === "add"} needs="pm.group_schedule.create" title="Add a closure" onClose={close}>
      <AddClosureForm onClose={close} />
    </Dialog>
  );
}

function AddClosureForm({ onClose }: { onClose: () => void }) {
  const may = usePermissions();
  const seesGroups = may("pm.group_definitions.view");
  const [run, running] = useAction(CreateClosure);
  const [saved, setSaved] = useState(false);
  const form = useClosureForm({ name: "", from: "", through: "", locationId: null });
  const [faults, showFaults] = useFaults(form);
  const input = completeInput(form.values);
  // The sessions do not depend on the name, so they show before it is typed.
  const dryRun = useDryRun(
    CreateClosure,
    input === null || saved ? null : { input: { ...input, name: "A closure", dryRun: true }, seesGroups },
  );
  const showPreviewed = useEffectEvent((previewed: readonly Fault[]) => showFaults(previewed, { typing: true }));
  useEffect(() => showPreviewed(dryRun.faults), [dryRun.faults]);

  const submit = form.onSubmit(async () => {
    if (input === null || dryRun.asking) return;
    const { payload, faults: found } = await run({ input, seesGroups });
    if (found !== null) return showFaults(found);
    tell(savedInWords(`${input.name} was added.`, payload.affectedCount));
    setSaved(true);
    form.resetDirty();
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
      <ClosureFields form={form} location={null} />
      <ClosureOutlook asking={dryRun.asking} complete={input !== null} outlook={dryRun.payload} />
    </DialogForm>
  );
}
