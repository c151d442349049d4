import { ActionIcon, Button, Group, Menu, Text } from "@mantine/core";
import IconDots from "@tabler/icons-react/icons/IconDots";
import { readFragment, type FragmentType } from "../../api/generated";
import { Allowed } from "../../permissions/permissions";
import { formatInstant } from "../../ui/times";
import { EnrollmentRowFields, stayInWords } from "./enrollmentRow";
import { PatientCell } from "./PatientCell";
import { RosterMenuItems } from "./RosterMenuItems";
import classes from "./RosterTable.module.css";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

type Props = { enrollments: ReadonlyArray<FragmentType<typeof EnrollmentRowFields>>; timeZone: string };

export function SeatList({ enrollments, timeZone }: Props) {
  const { show } = useEnrollmentDialog();
  if (enrollments.length === 0) return <Text c="dimmed">Nobody has a seat yet.</Text>;
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th>Patient</th>
          <th className={classes.wide}>Since</th>
          <Allowed to="pm.group_enrollments.edit">
            <th className={classes.actions}>Actions</th>
          </Allowed>
        </tr>
      </thead>
      <tbody>
        {readFragment(EnrollmentRowFields, enrollments).map((enrollment) => {
          const { id, patient, enrolledAt, promotedAt } = enrollment;
          const since = enrolledAt === null ? "" : formatInstant(enrolledAt, timeZone);
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
              <Allowed to="pm.group_enrollments.edit">
                <td className={classes.actions}>
                  <Group gap={4} wrap="nowrap">
                    <Button
                      variant="default"
                      size="compact-sm"
                      aria-label={`Disenroll ${patient?.displayName}`}
                      onClick={() => show("disenroll", id)}
                    >
                      Disenroll
                    </Button>
                    <Menu position="bottom-end" shadow="md">
                      <Menu.Target>
                        <ActionIcon variant="default" size={26} aria-label={`More for ${patient?.displayName}`}>
                          <IconDots size={16} />
                        </ActionIcon>
                      </Menu.Target>
                      <Menu.Dropdown>
                        <RosterMenuItems enrollmentId={id} />
                      </Menu.Dropdown>
                    </Menu>
                  </Group>
                </td>
              </Allowed>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
