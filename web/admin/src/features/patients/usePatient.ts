import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { addDays, localToday } from "../../ui/times";
import { PatientByKey } from "./patientDocument";

export const UPCOMING_DAYS = 28;

type Variables = { enrollmentId: string; patientId: string; byPatient: boolean };

/** Query a patient with one week of hours and the sessions of the next four weeks. */
export function usePatient(variables: Variables, weekOf: string) {
  const may = usePermissions();
  return useLiveQuery(PatientByKey, {
    ...variables,
    weekOf,
    // The clinic decides on which day its weeks begin. These days include the week, whatever that is.
    from: addDays(weekOf, -6),
    through: addDays(weekOf, 6),
    upcomingFrom: localToday(-1),
    upcomingThrough: localToday(UPCOMING_DAYS),
    seesGroups: may("pm.group_definitions.view"),
    seesSchedule: may("pm.group_schedule.view"),
  });
}
