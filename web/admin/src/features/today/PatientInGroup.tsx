import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { GroupLink } from "../groups/GroupLink";
import { PatientLink } from "../patients/PatientLink";
import classes from "./PatientInGroup.module.css";

const PatientInGroupFields = graphql(`
  fragment PatientInGroup on Enrollment {
    id
    patient {
      id
      displayName
      medicalRecordNumber
    }
    groupDefinition @include(if: $seesGroups) {
      id
      name
    }
  }
`);

/** A patient with the record number, and the group that the enrollment is in. */
export function PatientInGroup({ of }: { of: FragmentType<typeof PatientInGroupFields> }) {
  const { id, patient, groupDefinition: group } = readFragment(PatientInGroupFields, of);
  return (
    <>
      <div>
        {patient && <PatientLink enrollmentId={id}>{patient.displayName}</PatientLink>}{" "}
        <span className={classes.number}>{patient?.medicalRecordNumber}</span>
      </div>
      {group && <GroupLink group={group} />}
    </>
  );
}
