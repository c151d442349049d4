import { Alert, Badge, Group, Text } from "@mantine/core";
import IconUserOff from "@tabler/icons-react/icons/IconUserOff";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { formatDate } from "../../ui/times";
import { patientKey } from "./patientKey";
import { PatientLink } from "./PatientLink";

export const PatientIdentityFields = graphql(`
  fragment PatientIdentity on Patient {
    id
    displayName
    preferredName
    medicalRecordNumber
    birthDate
    active
    replacedBy {
      id
      displayName
      medicalRecordNumber
      ...PatientKey
    }
    ...PatientKey
  }
`);

type Props = { of: FragmentType<typeof PatientIdentityFields> };

/** Record number and birth date, so that two patients of one name are not mistaken for each other. */
export function PatientFacts({ of }: Props) {
  const { preferredName, medicalRecordNumber, birthDate, active, replacedBy } = readFragment(PatientIdentityFields, of);
  return (
    <Group gap="sm">
      <Text c="dimmed">
        {preferredName !== null && `goes by ${preferredName} · `}
        {medicalRecordNumber}
        {birthDate !== null && ` · born ${formatDate(birthDate)}`}
      </Text>
      {!active && (
        <Badge color="gray.7" radius="sm" tt="none">
          {replacedBy === null ? "Inactive in the registry" : "Merged into another record"}
        </Badge>
      )}
    </Group>
  );
}

/** What an inactive or merged record means for the person at the screen. */
export function RegistryNote({ of }: Props) {
  const { active, replacedBy } = readFragment(PatientIdentityFields, of);
  if (active) return null;
  if (replacedBy === null) {
    return (
      <Alert color="yellow" icon={<IconUserOff />} title="Inactive in the registry">
        The patient is deceased or deactivated there, and gets no seat. Seats that they hold stay until they are disenrolled.
      </Alert>
    );
  }
  return (
    <Alert color="yellow" icon={<IconUserOff />} title="This record is merged into another one">
      The registry goes on with{" "}
      <PatientLink enrollmentId={patientKey(replacedBy)} underline="always">
        {replacedBy.displayName}
      </PatientLink>
      , {replacedBy.medicalRecordNumber}. New enrollments belong there. What is listed here was recorded under the old record.
    </Alert>
  );
}
