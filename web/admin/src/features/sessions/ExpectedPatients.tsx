import { Badge, Text, Title } from "@mantine/core";
import type { SessionDetailsFragment } from "../../api/generated/graphql";
import { usePermissions } from "../../permissions/permissions";
import { counted } from "../../ui/names";
import { PatientLink } from "../patients/PatientLink";
import classes from "./SessionDetails.module.css";

type Props = {
  session: Pick<SessionDetailsFragment, "expected" | "roster">;
  /** Whether each name opens the patient. In a form it would leave what is typed. */
  links?: boolean;
};

/** Who is expected at a session, for those who may see patients; for all others, how many. */
export function ExpectedPatients({ session, links = false }: Props) {
  const may = usePermissions();
  return (
    <section aria-labelledby="expected">
      <Title order={3} size="h5" id="expected">
        {counted(session.expected, "patient")} expected
      </Title>
      {may("pm.group_enrollments.view") ? (
        <ul className={classes.roster}>
          {session.roster?.nodes.map(({ id, patient }) => (
            <li key={id}>
              {links && patient != null ? <PatientLink enrollmentId={id}>{patient.displayName}</PatientLink> : patient?.displayName}{" "}
              <span className={classes.dimmed}>{patient?.medicalRecordNumber}</span>{" "}
              {patient?.active === false && (
                <Badge color="gray.7" radius="sm" tt="none">
                  Inactive in the registry
                </Badge>
              )}
            </li>
          ))}
        </ul>
      ) : (
        <Text size="sm" c="dimmed">
          Their names are not shown: that needs pm.group_enrollments.view.
        </Text>
      )}
    </section>
  );
}
