import type { Icon } from "@tabler/icons-react";
import IconCalendarOff from "@tabler/icons-react/icons/IconCalendarOff";
import IconCalendarWeek from "@tabler/icons-react/icons/IconCalendarWeek";
import IconClipboardCheck from "@tabler/icons-react/icons/IconClipboardCheck";
import IconSun from "@tabler/icons-react/icons/IconSun";
import IconUsersGroup from "@tabler/icons-react/icons/IconUsersGroup";
import type { PermissionKey } from "../permissions/permissions";

type NavigationItem = {
  to: "/today" | "/groups" | "/week" | "/compliance" | "/closures";
  label: string;
  icon: Icon;
  /** Any of these permissions opens the screen. */
  needs: readonly PermissionKey[];
};

/** The screens in the navigation. A screen that the person may not see is not in it; the first of the others is the start. */
export const NAVIGATION: readonly NavigationItem[] = [
  { to: "/today", label: "Today", icon: IconSun, needs: ["pm.group_schedule.view", "pm.group_enrollments.view"] },
  { to: "/groups", label: "Group Sessions", icon: IconUsersGroup, needs: ["pm.group_definitions.view"] },
  { to: "/week", label: "Week", icon: IconCalendarWeek, needs: ["pm.group_schedule.view"] },
  { to: "/compliance", label: "Compliance", icon: IconClipboardCheck, needs: ["pm.group_enrollments.view"] },
  { to: "/closures", label: "Closures", icon: IconCalendarOff, needs: ["pm.group_schedule.view"] },
];

/** Return the screens that somebody with these permissions sees. */
export function screensFor(may: (key: PermissionKey) => boolean): readonly NavigationItem[] {
  return NAVIGATION.filter(({ needs }) => needs.some(may));
}
