import { Button, Group, Text } from "@mantine/core";
import { readFragment, type FragmentType } from "../../api/generated";
import { Allowed } from "../../permissions/permissions";
import { EnrollmentRowFields, sinceInWords, stayInWords } from "./enrollmentRow";
import { PatientCell } from "./PatientCell";
import { RosterMenu, useMayAct } from "./RosterMenu";
import classes from "./RosterTable.module.css";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

type Props = { enrollments: ReadonlyArray<FragmentType<typeof EnrollmentRowFields>>; timeZone: string; deleted: boolean };

export function SeatList({ enrollments, timeZone, deleted }: Props) {
  const mayAct = useMayAct();
  const { show } = useEnrollmentDialog();
  if (enrollments.length === 0) return <Text c="dimmed">Nobody has a seat yet.</Text>;
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th>Patient</th>
          <th className={classes.wide}>Since</th>
          {mayAct && <th className={classes.actions}>Actions</th>}
        </tr>
      </thead>
      <tbody>
        {readFragment(EnrollmentRowFields, enrollments).map((enrollment) => {
          const { id, patient, promotedAt } = enrollment;
          const since = sinceInWords(enrollment, timeZone);
          const words = promotedAt === null ? since : `${since}, from the waitlist`;
          const stay = stayInWords(enrollment, timeZone);
          const stayLine = stay !== null && <div className={classes.stay}>{stay}</div>;
          return (
            <tr key={id}>
              <PatientCell enrollment={enrollment}>
                since {words}
                {stayLine}
              </PatientCell>
              <td className={classes.wide}>
                {words}
                {stayLine}
              </td>
              {mayAct && (
                <td className={classes.actions}>
                  <Group gap={4} wrap="nowrap">
                    <Allowed to="pm.group_enrollments.edit">
                      <Button
                        variant="default"
                        size="compact-sm"
                        aria-label={`Disenroll ${patient?.displayName}`}
                        onClick={() => show("disenroll", id)}
                      >
                        Disenroll
                      </Button>
                    </Allowed>
                    <RosterMenu enrollmentId={id} name={patient?.displayName ?? ""} size={26} datesOpen={!deleted} />
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
