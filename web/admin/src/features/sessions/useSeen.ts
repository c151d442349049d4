import { usePermissions } from "../../permissions/permissions";

/** Return the variables of the queries that leave out what the person may not see. */
export function useSeen(): { seesPatients: boolean; seesGroups: boolean } {
  const may = usePermissions();
  return { seesPatients: may("pm.group_enrollments.view"), seesGroups: may("pm.group_definitions.view") };
}
