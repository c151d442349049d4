import { useNavigate } from "@tanstack/react-router";
import { tell } from "../../../activity/activity";
import { graphql } from "../../../api/generated";
import { useAction } from "../../../api/useAction";
import { usePermissions } from "../../../permissions/permissions";
import { PageHeader } from "../../../ui/PageHeader";
import { NoPermission } from "../../../ui/states";
import { useFaults } from "../../../ui/useFaults";
import { GroupForm } from "./GroupForm";
import { inputOf, NEW_GROUP, type GroupValues } from "./groupValues";
import { useGroupForm } from "./useGroupForm";

const CreateGroup = graphql(`
  mutation CreateGroup($input: CreateGroupDefinitionInput!) {
    createGroupDefinition(input: $input) {
      groupDefinition {
        id
        name
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

export function NewGroupPage() {
  const may = usePermissions();
  return (
    <>
      <PageHeader title="New group" />
      {!may("pm.group_definitions.create") ? (
        <NoPermission what="this form" needs="pm.group_definitions.create" />
      ) : !may("pm.group_definitions.view") ? (
        <NoPermission what="staff and locations, which a group needs" needs="pm.group_definitions.view" />
      ) : (
        <NewGroupForm />
      )}
    </>
  );
}

function NewGroupForm() {
  const navigate = useNavigate();
  const [run, running] = useAction(CreateGroup);
  const form = useGroupForm(NEW_GROUP);
  const [faults, showFaults] = useFaults(form);

  async function create(values: GroupValues): Promise<void> {
    const outcome = await run({ input: inputOf(values) });
    if (outcome.faults !== null) return showFaults(outcome.faults);
    const { id, name } = outcome.payload.groupDefinition!;
    tell(`${name} was created.`);
    form.resetDirty();
    void navigate({ to: "/groups/$groupId", params: { groupId: id }, search: {} });
  }

  return (
    <GroupForm
      form={form}
      group={null}
      submit="Create group"
      running={running}
      faults={faults}
      onSubmit={create}
      onCancel={() => void navigate({ to: "/groups" })}
    />
  );
}
