import { ActionIcon, Menu } from "@mantine/core";
import IconDots from "@tabler/icons-react/icons/IconDots";
import type { ReactNode } from "react";
import { Allowed, usePermissions } from "../../permissions/permissions";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

/** Return whether the person may do anything with enrollments, and so whether the lists have a column of actions. */
export function useMayAct(): boolean {
  const may = usePermissions();
  return may("pm.group_enrollments.edit") || may("pm.group_enrollments.delete");
}

type Props = {
  enrollmentId: string;
  name: string;
  size?: number;
  /** Whether the dates of the stay can be edited, as they cannot in a deleted group. */
  datesOpen?: boolean;
  /** Whether the enrollment has ended, so that there is nobody to transfer. */
  ended?: boolean;
  /** What else can be done with an enrollment of this list. */
  children?: ReactNode;
};

/** What can be done with an enrollment, beside the buttons in its row. */
export function RosterMenu({ enrollmentId, name, size, datesOpen = true, ended = false, children }: Props) {
  const { show } = useEnrollmentDialog();
  const may = usePermissions();
  if (!may("pm.group_enrollments.delete") && ended && !datesOpen) return null;
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <ActionIcon variant="default" size={size} aria-label={`More for ${name}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Allowed to="pm.group_enrollments.edit">
          {children}
          {datesOpen && <Menu.Item onClick={() => show("dates", enrollmentId)}>Change the dates …</Menu.Item>}
          {!ended && (
            <Allowed to="pm.group_enrollments.create">
              <Menu.Item onClick={() => show("transfer", enrollmentId)}>Transfer to another group …</Menu.Item>
            </Allowed>
          )}
        </Allowed>
        <Allowed to="pm.group_enrollments.delete">
          <Menu.Item onClick={() => show("remove", enrollmentId)}>Remove, made in error …</Menu.Item>
        </Allowed>
      </Menu.Dropdown>
    </Menu>
  );
}
