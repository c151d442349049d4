import { Button, Group, Text } from "@mantine/core";
import { readFragment } from "../../api/generated";
import { Allowed, usePermissions } from "../../permissions/permissions";
import { formatInstant } from "../../ui/times";
import { EnrollmentRowFields, placesByPatient } from "./enrollmentRow";
import type { RosterGroup } from "./EnrollmentsTab";
import { PatientCell } from "./PatientCell";
import { RosterMenu } from "./RosterMenu";
import classes from "./RosterTable.module.css";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

/** Who has left. Patients whom the server would seat or put on the waitlist again can be reinstated. */
export function PastList({ group, deleted }: { group: RosterGroup; deleted: boolean }) {
  const { show } = useEnrollmentDialog();
  const may = usePermissions();
  const mayAct = may("pm.group_enrollments.delete") || (may("pm.group_enrollments.edit") && !deleted);
  const { past, timeZone } = group;
  const enrollments = past?.nodes ?? [];
  const there = placesByPatient(group);
  if (enrollments.length === 0) return <Text c="dimmed">Nobody has left the group.</Text>;
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th>Patient</th>
          <th className={classes.wide}>Left</th>
          <th className={classes.wide}>Reason</th>
          {mayAct && <th className={classes.actions}>Actions</th>}
        </tr>
      </thead>
      <tbody>
        {readFragment(EnrollmentRowFields, enrollments).map((enrollment) => {
          const { id, patient, enrolledAt, disenrolledAt, disenrollmentReason } = enrollment;
          const day = disenrolledAt === null ? "" : formatInstant(disenrolledAt, timeZone);
          const left = enrolledAt === null ? `${day}, from the waitlist` : day;
          const mayReturn = !deleted && patient?.active === true && !there.has(patient.id);
          return (
            <tr key={id}>
              <PatientCell enrollment={enrollment}>
                left {left}
                {disenrollmentReason !== null && <div>{disenrollmentReason}</div>}
              </PatientCell>
              <td className={classes.wide}>{left}</td>
              <td className={classes.wide}>{disenrollmentReason ?? <Text inherit c="dimmed">Not recorded</Text>}</td>
              {mayAct && (
                <td className={classes.actions}>
                  <Group gap={4} wrap="nowrap" justify="flex-end">
                    {mayReturn && (
                      <Allowed to="pm.group_enrollments.edit">
                        <Button
                          variant="default"
                          size="compact-sm"
                          aria-label={`Reinstate ${patient.displayName}`}
                          onClick={() => show("reinstate", id)}
                        >
                          Reinstate
                        </Button>
                      </Allowed>
                    )}
                    <RosterMenu enrollmentId={id} name={patient?.displayName ?? ""} size={26} datesOpen={!deleted} ended />
                  </Group>
                </td>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
