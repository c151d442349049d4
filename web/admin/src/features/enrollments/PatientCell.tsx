import { Anchor, Badge } from "@mantine/core";
import type { ReactNode } from "react";
import type { EnrollmentRowFragment } from "../../api/generated/graphql";
import { PatientLink } from "../patients/PatientLink";
import { formatDate } from "../../ui/times";
import classes from "./RosterTable.module.css";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

type Props = { enrollment: Pick<EnrollmentRowFragment, "id" | "patient">; children?: ReactNode };

/** Name, record number and birth date, so that two patients of one name are not mistaken for each other, and the history. */
export function PatientCell({ enrollment: { id, patient }, children }: Props) {
  const { show } = useEnrollmentDialog();
  if (patient == null) return <th scope="row">Not shown</th>;
  return (
    <th scope="row" className={classes.patient}>
      <PatientLink enrollmentId={id}>{patient.displayName}</PatientLink>{" "}
      {!patient.active && (
        <Badge color="gray.7" radius="sm" tt="none">
          Inactive in the registry
        </Badge>
      )}
      <div className={classes.details}>
        <span>{patient.medicalRecordNumber}</span>
        {patient.birthDate !== null && <span>born {formatDate(patient.birthDate)}</span>}
        <Anchor
          component="button"
          type="button"
          inherit
          c="inherit"
          underline="always"
          aria-label={`History of ${patient.displayName}`}
          onClick={() => show("history", id)}
        >
          History
        </Anchor>
      </div>
      {children !== undefined && <div className={`${classes.details} ${classes.narrow}`}>{children}</div>}
    </th>
  );
}
