import { Text } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { tell } from "../../activity/activity";
import type { Fault } from "../../api/faults";
import { graphql } from "../../api/generated";
import type { ClosureRowFragment } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { DialogForm } from "../../ui/Dialog";
import { ClosureDialog } from "./ClosureDialog";
import { daysInWords, placeInWords } from "./closureRow";

const DeleteClosure = graphql(`
  mutation DeleteClosure($input: DeleteClosureInput!) {
    deleteClosure(input: $input) {
      deletedId
      userErrors {
        ...Fault
      }
    }
  }
`);

export function DeleteClosureDialog({ closures }: { closures: readonly ClosureRowFragment[] }) {
  return (
    <ClosureDialog name="delete" needs="pm.group_schedule.delete" title="Delete a closure" closures={closures}>
      {(closure, close) => <DeleteClosureForm closure={closure} onClose={close} />}
    </ClosureDialog>
  );
}

function DeleteClosureForm({ closure, onClose }: { closure: ClosureRowFragment; onClose: () => void }) {
  const [run, running] = useAction(DeleteClosure);
  const [faults, setFaults] = useState<readonly Fault[]>([]);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const { faults: found } = await run({ input: { id: closure.id, expectedVersion: closure.version } });
    if (found !== null) return setFaults(found);
    tell(`${closure.name} was deleted.`);
    onClose();
  }

  return (
    <DialogForm
      submit="Delete"
      takesAway
      running={running}
      faults={faults}
      dirty={() => false}
      onSubmit={(event) => void submit(event)}
      onClose={onClose}
    >
      <Text>
        {closure.name}: {daysInWords(closure)}, {placeInWords(closure)}.
      </Text>
      <Text>
        Sessions can be scheduled on these days again. Deleting schedules none: a group's Schedule tab shows which of its sessions
        are missing then.
      </Text>
    </DialogForm>
  );
}
