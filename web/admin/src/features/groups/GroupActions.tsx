import { ActionIcon, Menu } from "@mantine/core";
import IconDots from "@tabler/icons-react/icons/IconDots";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Allowed } from "../../permissions/permissions";
import { DeleteGroupDialog } from "./DeleteGroupDialog";
import { RestoreGroupDialog } from "./RestoreGroupDialog";

const route = getRouteApi("/groups/$groupId");

export type GroupInQuestion = { id: string; name: string; timeZone: string };

/** Return a function that opens a dialog about the group, or closes it. */
export function useGroupDialog(): (name: "delete" | "restore" | undefined) => void {
  const navigate = useNavigate({ from: "/groups/$groupId" });
  return (name) =>
    void navigate({ search: (previous) => ({ ...previous, dialog: name }), replace: name === undefined, resetScroll: false });
}

/** Deleting a group and restoring it, for people who may. Each asks first, in a dialog that has an address. */
export function GroupActions({ group, deleted }: { group: GroupInQuestion; deleted: boolean }) {
  const { dialog } = route.useSearch();
  const show = useGroupDialog();
  const close = () => show(undefined);
  return (
    <Allowed to="pm.group_definitions.delete">
      {!deleted && (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label="More for this group">
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => show("delete")}>Delete the group …</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <DeleteGroupDialog group={group} opened={dialog === "delete" && !deleted} onClose={close} />
      <RestoreGroupDialog group={group} opened={dialog === "restore" && deleted} onClose={close} />
    </Allowed>
  );
}
