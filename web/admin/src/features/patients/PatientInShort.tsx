import { Button, Stack, Title } from "@mantine/core";
import IconArrowRight from "@tabler/icons-react/icons/IconArrowRight";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { readFragment, type FragmentType } from "../../api/generated";
import { usePermissions } from "../../permissions/permissions";
import { EmptyState, Loaded, NoPermission } from "../../ui/states";
import { localToday } from "../../ui/times";
import { CurrentEnrollments } from "./PatientEnrollments";
import { PatientFacts, PatientIdentityFields, RegistryNote } from "./PatientIdentity";
import { PatientOverviewFields } from "./patientDocument";
import { variablesOf } from "./patientKey";
import { PatientConflicts, UpcomingSessions } from "./PatientSessions";
import { PatientWeeks } from "./PatientWeeks";
import { usePatient } from "./usePatient";

type Props = { patientKey: string };

/** What the drawer shows: the patient's page in short, for this week. */
export default function PatientInShort({ patientKey }: Props) {
  const may = usePermissions();
  const variables = variablesOf(patientKey);
  if (!may("pm.group_enrollments.view")) return <NoPermission what="patients" needs="pm.group_enrollments.view" />;
  if (variables === null) return <UnknownPatient />;
  return <PatientByVariables patientKey={patientKey} variables={variables} />;
}

export function UnknownPatient({ wholePage = false }: { wholePage?: boolean }) {
  return (
    <EmptyState title="There is no such patient" wholePage={wholePage}>
      The address may be incomplete, of another organization, or of a patient without groups, which only the tab knows that
      opened it. Search for the patient again.
    </EmptyState>
  );
}

function PatientByVariables({ patientKey, variables }: Props & { variables: NonNullable<ReturnType<typeof variablesOf>> }) {
  const result = usePatient(variables, localToday());
  return (
    <Loaded result={result}>
      {({ enrollment, patient }) => {
        const found = enrollment?.patient ?? patient;
        return found ? <Short of={found} patientKey={patientKey} /> : <UnknownPatient />;
      }}
    </Loaded>
  );
}

function Short({ of, patientKey }: Props & { of: FragmentType<typeof PatientOverviewFields> }) {
  const overview = readFragment(PatientOverviewFields, of);
  const { displayName } = readFragment(PatientIdentityFields, overview);
  return (
    <Stack>
      <div>
        <Title order={2} size="h3">
          {displayName}
        </Title>
        <PatientFacts of={overview} />
      </div>
      <RegistryNote of={overview} />
      <Part title="Groups">
        <CurrentEnrollments of={overview} />
      </Part>
      <Part title="This week">
        <PatientWeeks of={overview} day={localToday()} />
      </Part>
      <Part title="Conflicts">
        <PatientConflicts of={overview} />
      </Part>
      <Part title="Next sessions">
        <UpcomingSessions of={overview} limit={3} />
      </Part>
      <Button
        variant="default"
        rightSection={<IconArrowRight size={16} />}
        renderRoot={(props) => <Link to="/patients/$patientKey" params={{ patientKey }} {...props} />}
      >
        Everything about this patient
      </Button>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div role="group" aria-label={title}>
      <Title order={3} size="h5" mb={4}>
        {title}
      </Title>
      {children}
    </div>
  );
}
