import type { Icon } from "@tabler/icons-react";
import IconCalendarOff from "@tabler/icons-react/icons/IconCalendarOff";
import IconUsersGroup from "@tabler/icons-react/icons/IconUsersGroup";
import type { PermissionKey } from "../permissions/permissions";

type NavigationItem = { to: "/groups" | "/closures"; label: string; icon: Icon; needs: PermissionKey };

/** The screens in the navigation. A screen that the person may not see is not in it. */
export const NAVIGATION: readonly NavigationItem[] = [
  { to: "/groups", label: "Group Sessions", icon: IconUsersGroup, needs: "pm.group_definitions.view" },
  { to: "/closures", label: "Closures", icon: IconCalendarOff, needs: "pm.group_schedule.view" },
];
