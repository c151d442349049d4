import { Text } from "@mantine/core";
import { readFragment, type FragmentType } from "../../api/generated";
import { formatInstant } from "../../ui/times";
import { EnrollmentRowFields } from "./enrollmentRow";
import { PatientCell } from "./PatientCell";
import classes from "./RosterTable.module.css";

type Props = { enrollments: ReadonlyArray<FragmentType<typeof EnrollmentRowFields>>; timeZone: string };

export function PastList({ enrollments, timeZone }: Props) {
  if (enrollments.length === 0) return <Text c="dimmed">Nobody has left the group.</Text>;
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th>Patient</th>
          <th className={classes.wide}>Left</th>
          <th className={classes.wide}>Reason</th>
        </tr>
      </thead>
      <tbody>
        {readFragment(EnrollmentRowFields, enrollments).map((enrollment) => {
          const { id, patient, enrolledAt, disenrolledAt, disenrollmentReason } = enrollment;
          const day = disenrolledAt === null ? "" : formatInstant(disenrolledAt, timeZone);
          const left = enrolledAt === null ? `${day}, from the waitlist` : day;
          return (
            <tr key={id}>
              <PatientCell patient={patient}>
                left {left}
                {disenrollmentReason !== null && <div>{disenrollmentReason}</div>}
              </PatientCell>
              <td className={classes.wide}>{left}</td>
              <td className={classes.wide}>{disenrollmentReason ?? <Text inherit c="dimmed">Not recorded</Text>}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
