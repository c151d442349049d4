import { Checkbox, Text, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { tell } from "../../activity/activity";
import { graphql } from "../../api/generated";
import type { GroupToDeleteQuery } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { useLiveQuery } from "../../api/useLiveQuery";
import { Allowed, usePermissions } from "../../permissions/permissions";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { counted } from "../../ui/names";
import { Loaded } from "../../ui/states";
import { todayIn } from "../../ui/times";
import { useFaults } from "../../ui/useFaults";
import type { GroupInQuestion } from "./GroupActions";

const GroupToDelete = graphql(`
  query GroupToDelete($id: ID!, $from: Date!, $seesSchedule: Boolean!) {
    groupDefinition(id: $id) {
      id
      version
      capacity {
        enrolled
        waitlisted
      }
      occurrences(filter: { from: $from, status: [SCHEDULED] }, first: 1) @include(if: $seesSchedule) {
        totalCount
      }
    }
  }
`);

const DeleteGroup = graphql(`
  mutation DeleteGroup($input: DeleteGroupDefinitionInput!) {
    deleteGroupDefinition(input: $input) {
      groupDefinition {
        id
        deletedAt
      }
      cancelledCount
      userErrors {
        ...Fault
      }
    }
  }
`);

type Props = { group: GroupInQuestion; opened: boolean; onClose: () => void };

export function DeleteGroupDialog({ group, opened, onClose }: Props) {
  return (
    <Dialog opened={opened} needs="pm.group_definitions.delete" title="Delete the group" onClose={onClose}>
      <LoadedForm group={group} onClose={onClose} />
    </Dialog>
  );
}

function LoadedForm({ group, onClose }: Omit<Props, "opened">) {
  const may = usePermissions();
  const from = todayIn(group.timeZone);
  const result = useLiveQuery(GroupToDelete, { id: group.id, from, seesSchedule: may("pm.group_schedule.view") });
  return (
    <Loaded result={result}>
      {({ groupDefinition }) => groupDefinition && <DeleteForm group={group} current={groupDefinition} onClose={onClose} />}
    </Loaded>
  );
}

type FormProps = Omit<Props, "opened"> & { current: NonNullable<GroupToDeleteQuery["groupDefinition"]> };

function DeleteForm({ group, current, onClose }: FormProps) {
  const [run, running] = useAction(DeleteGroup);
  const form = useForm({
    mode: "controlled",
    initialValues: { cancelSessions: false, cancellationReason: "" },
    validate: {
      cancellationReason: (reason, { cancelSessions }) =>
        cancelSessions && reason.trim() === "" ? "Say why the sessions are cancelled." : null,
    },
  });
  const [faults, showFaults] = useFaults(form);
  const { cancelSessions } = form.values;

  const submit = form.onSubmit(async (values) => {
    const input = {
      id: group.id,
      expectedVersion: current.version,
      cancelSessions: values.cancelSessions,
      cancellationReason: values.cancelSessions ? values.cancellationReason.trim() : null,
    };
    const { payload, faults: found } = await run({ input });
    if (found !== null) return showFaults(found);
    tell(`${group.name} was deleted.`);
    if (payload.cancelledCount > 0) tell(`${counted(payload.cancelledCount, "session")} of ${group.name} were cancelled.`, "news");
    form.resetDirty();
    onClose();
  });

  const { enrolled, waitlisted } = current.capacity;
  const sessions = current.occurrences?.totalCount ?? null;
  const ofGroup = sessions === null ? "its scheduled sessions" : `its ${counted(sessions, "scheduled session")} from today on`;
  return (
    <DialogForm
      submit={cancelSessions ? "Delete and cancel sessions" : "Delete"}
      takesAway
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <Text>{group.name} leaves the lists, and takes no new sessions and no new patients. It can be restored.</Text>
      <Text>
        {enrolled + waitlisted === 0
          ? "Nobody has a seat or waits."
          : `Enrollments stay as they are: ${counted(enrolled, "patient")} with a seat, ${waitlisted} waiting. Nobody moves up from the waitlist while the group is deleted.`}
      </Text>
      {sessions !== 0 && (
        <Allowed
          to="pm.group_schedule.delete"
          otherwise={<Text c="dimmed">The calendar keeps {ofGroup}. Cancelling them needs pm.group_schedule.delete.</Text>}
        >
          <Checkbox
            label={`Also cancel ${ofGroup}`}
            description="Sessions that have begun stay. Restoring the group does not bring cancelled sessions back"
            {...form.getInputProps("cancelSessions", { type: "checkbox" })}
          />
          {cancelSessions && (
            <Textarea
              label="Reason for cancelling"
              description="Up to 1,000 characters. Do not name patients"
              required
              maxLength={1000}
              autosize
              minRows={2}
              {...form.getInputProps("cancellationReason")}
            />
          )}
        </Allowed>
      )}
    </DialogForm>
  );
}
