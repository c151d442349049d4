import { Text } from "@mantine/core";
import { useState } from "react";
import { tell } from "../../activity/activity";
import { tellPromotions } from "../../activity/promotions";
import type { Fault } from "../../api/faults";
import { graphql } from "../../api/generated";
import { useAction } from "../../api/useAction";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { counted } from "../../ui/names";
import { Loaded } from "../../ui/states";
import type { GroupInQuestion } from "./GroupActions";

const GroupToRestore = graphql(`
  query GroupToRestore($id: ID!) {
    groupDefinition(id: $id) {
      id
      version
      capacity {
        available
        waitlisted
      }
    }
  }
`);

const RestoreGroup = graphql(`
  mutation RestoreGroup($input: RestoreGroupDefinitionInput!, $seesPatients: Boolean!) {
    restoreGroupDefinition(input: $input) {
      groupDefinition {
        id
        deletedAt
      }
      promoted {
        id
        patient @include(if: $seesPatients) {
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

type Props = { group: GroupInQuestion; opened: boolean; onClose: () => void };

export function RestoreGroupDialog({ group, opened, onClose }: Props) {
  return (
    <Dialog opened={opened} needs="pm.group_definitions.delete" title="Restore the group" onClose={onClose}>
      <RestoreForm group={group} onClose={onClose} />
    </Dialog>
  );
}

function RestoreForm({ group, onClose }: Omit<Props, "opened">) {
  const may = usePermissions();
  const result = useLiveQuery(GroupToRestore, { id: group.id });
  const [run, running] = useAction(RestoreGroup);
  const [faults, setFaults] = useState<readonly Fault[]>([]);

  async function restore(expectedVersion: number): Promise<void> {
    const { payload, faults: found } = await run({
      input: { id: group.id, expectedVersion },
      seesPatients: may("pm.group_enrollments.view"),
    });
    if (found !== null) return setFaults(found);
    tell(`${group.name} was restored.`);
    tellPromotions(payload.promoted);
    onClose();
  }

  return (
    <Loaded result={result}>
      {({ groupDefinition: current }) =>
        current && (
          <DialogForm
            submit="Restore"
            running={running}
            faults={faults}
            dirty={() => false}
            onSubmit={(event) => {
              event.preventDefault();
              void restore(current.version);
            }}
            onClose={onClose}
          >
            <Text>{group.name} is listed again, and takes sessions and patients. Sessions that were cancelled stay cancelled.</Text>
            {current.capacity.available > 0 && current.capacity.waitlisted > 0 && (
              <Text>
                {counted(current.capacity.available, "free seat")} {current.capacity.available === 1 ? "goes" : "go"} to the first of{" "}
                {counted(current.capacity.waitlisted, "waiting patient")}.
              </Text>
            )}
          </DialogForm>
        )
      }
    </Loaded>
  );
}
