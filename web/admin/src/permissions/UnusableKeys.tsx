import { List } from "@mantine/core";
import { usePermissions, type Area, type PermissionKey } from "./permissions";

type Use = { key: PermissionKey; what: string; needs: readonly PermissionKey[] };

const GROUPS: PermissionKey = "pm.group_definitions.view";
const SCHEDULES: PermissionKey = "pm.group_schedule.view";
const ENROLLMENTS: PermissionKey = "pm.group_enrollments.view";

/** What each key permits, and which keys show what it is about: the group, the session, the patient. */
const USES: readonly Use[] = [
  { key: "pm.group_definitions.create", what: "create groups", needs: [GROUPS] },
  { key: "pm.group_definitions.edit", what: "edit groups", needs: [GROUPS] },
  { key: "pm.group_definitions.delete", what: "delete and restore groups", needs: [GROUPS] },
  { key: "pm.group_schedule.create", what: "add and generate sessions", needs: [GROUPS, SCHEDULES] },
  { key: "pm.group_schedule.create", what: "add closures", needs: [SCHEDULES] },
  { key: "pm.group_schedule.edit", what: "move, edit and reopen sessions, and edit closures", needs: [SCHEDULES] },
  { key: "pm.group_schedule.edit", what: "reconcile and substitute many sessions", needs: [GROUPS, SCHEDULES] },
  { key: "pm.group_schedule.delete", what: "cancel sessions and delete closures", needs: [SCHEDULES] },
  { key: "pm.group_schedule.delete", what: "cancel many sessions", needs: [GROUPS, SCHEDULES] },
  { key: "pm.group_enrollments.create", what: "enroll patients", needs: [GROUPS, ENROLLMENTS] },
  { key: "pm.group_enrollments.edit", what: "disenroll, reinstate, move and seat patients", needs: [GROUPS, ENROLLMENTS] },
  { key: "pm.group_enrollments.delete", what: "remove enrollments made in error", needs: [GROUPS, ENROLLMENTS] },
];

/** Says what the person may do and is not offered, because they may not see what it is about, and which keys they lack. */
export function UnusableKeys({ of }: { of: readonly Area[] }) {
  const may = usePermissions();
  const unusable = USES.filter(({ key }) => may(key) && of.some((area) => key.startsWith(`pm.group_${area}.`)))
    .map(({ what, needs }) => ({ what, missing: needs.filter((key) => !may(key)) }))
    .filter(({ missing }) => missing.length > 0);
  if (unusable.length === 0) return null;
  return (
    <List size="sm" c="dimmed" mt="xl" aria-label="Permitted, but not offered">
      {unusable.map(({ what, missing }) => (
        <List.Item key={what}>
          You may {what}, but to choose what, you also need {missing.join(" and ")}.
        </List.Item>
      ))}
    </List>
  );
}
