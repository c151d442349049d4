import { Anchor } from "@mantine/core";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useQuery } from "urql";
import { tell } from "../../../activity/activity";
import { tellPromotions } from "../../../activity/promotions";
import { graphql, readFragment } from "../../../api/generated";
import type { GroupFormFragment } from "../../../api/generated/graphql";
import { useAction } from "../../../api/useAction";
import { usePermissions } from "../../../permissions/permissions";
import { ConflictAlert } from "../../../ui/ConflictAlert";
import { PageHeader } from "../../../ui/PageHeader";
import { EmptyState, Loaded, NoPermission } from "../../../ui/states";
import { useFaults } from "../../../ui/useFaults";
import { groupConflicts } from "./groupConflicts";
import { GroupForm } from "./GroupForm";
import { GroupFormFields, inputOf, valuesOf, type GroupValues } from "./groupValues";
import { useGroupForm } from "./useGroupForm";

const GroupToEdit = graphql(`
  query GroupToEdit($id: ID!) {
    groupDefinition(id: $id) {
      id
      deletedAt
      ...GroupForm
    }
  }
`);

const UpdateGroup = graphql(`
  mutation UpdateGroup($input: UpdateGroupDefinitionInput!, $seesPatients: Boolean!) {
    updateGroupDefinition(input: $input) {
      groupDefinition {
        id
        name
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

const route = getRouteApi("/groups/$groupId/edit");

export function EditGroupPage() {
  const { groupId } = route.useParams();
  const may = usePermissions();
  return (
    <>
      <PageHeader title="Edit group" />
      {!may("pm.group_definitions.view") ? (
        <NoPermission what="groups" needs="pm.group_definitions.view" />
      ) : !may("pm.group_definitions.edit") ? (
        <NoPermission what="this form" needs="pm.group_definitions.edit" />
      ) : (
        <EditGroupById id={groupId} key={groupId} />
      )}
    </>
  );
}

function EditGroupById({ id }: { id: string }) {
  const [{ data, error, stale }, execute] = useQuery({
    query: GroupToEdit,
    variables: { id },
    requestPolicy: "network-only",
  });
  const refresh = () => execute({ requestPolicy: "network-only" });
  // A form that is open stays if somebody deletes the group, with what is typed in it.
  const [wasOpened, setWasOpened] = useState(false);
  if (!wasOpened && data?.groupDefinition?.deletedAt === null) setWasOpened(true);
  return (
    <Loaded result={{ data, error, refresh, outdated: stale }}>
      {({ groupDefinition }) =>
        groupDefinition?.deletedAt != null && !wasOpened ? (
          <EmptyState title="This group is deleted">
            <Anchor underline="always" renderRoot={(props) => <Link to="/groups/$groupId" params={{ groupId: id }} {...props} />}>
              Restore it
            </Anchor>{" "}
            before you edit it.
          </EmptyState>
        ) : groupDefinition ? (
          <EditGroupForm current={readFragment(GroupFormFields, groupDefinition)} refresh={refresh} />
        ) : (
          <EmptyState title="There is no such group">
            Its address may be incomplete, or it is of another organization.
          </EmptyState>
        )
      }
    </Loaded>
  );
}

/** The form starts with the group as it was. `current` is what the server has since a conflict. */
function EditGroupForm({ current, refresh }: { current: GroupFormFragment; refresh: () => void }) {
  const navigate = useNavigate();
  const may = usePermissions();
  const [run, running] = useAction(UpdateGroup);
  const [opened, setOpened] = useState(current);
  const [conflict, setConflict] = useState(false);
  const form = useGroupForm(valuesOf(current));
  const [faults, showFaults] = useFaults(form);
  const leave = () => void navigate({ to: "/groups/$groupId", params: { groupId: current.id }, search: {} });

  async function save(values: GroupValues, version = opened.version): Promise<void> {
    const outcome = await run({
      input: { id: current.id, expectedVersion: version, ...changesOf(values, valuesOf(opened)) },
      seesPatients: may("pm.group_enrollments.view"),
    });
    if (outcome.faults !== null) {
      const isConflict = outcome.faults.some(({ code }) => code === "VERSION_CONFLICT");
      if (isConflict) refresh();
      setConflict(isConflict);
      return showFaults(outcome.faults.filter(({ code }) => code !== "VERSION_CONFLICT"));
    }
    tell(`${outcome.payload.groupDefinition!.name} was saved.`);
    tellPromotions(outcome.payload.promoted);
    form.resetDirty();
    leave();
  }

  const takeTheirs = () => {
    form.setInitialValues(valuesOf(current));
    form.setValues(valuesOf(current));
    form.clearErrors();
    setOpened(current);
    setConflict(false);
  };

  return (
    <GroupForm
      key={opened.version}
      form={form}
      group={opened}
      submit="Save"
      running={running}
      faults={faults}
      onSubmit={save}
      onCancel={leave}
    >
      {conflict && current.version !== opened.version && (
        <ConflictAlert
          what="this group"
          fields={groupConflicts(form.values, valuesOf(current), valuesOf(opened))}
          onKeepMine={() => void save(form.values, current.version)}
          onTakeTheirs={takeTheirs}
        />
      )}
    </GroupForm>
  );
}

/** Return the fields of the input that differ, because a field that is left out stays as it is. */
function changesOf(values: GroupValues, before: GroupValues): Partial<ReturnType<typeof inputOf>> {
  const old = inputOf(before);
  const changed = Object.entries(inputOf(values)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name as keyof typeof old]),
  );
  return Object.fromEntries(changed);
}
