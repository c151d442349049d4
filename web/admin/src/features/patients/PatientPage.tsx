import { Paper, Stack, Title } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { readFragment, type FragmentType } from "../../api/generated";
import { usePermissions } from "../../permissions/permissions";
import { PageHeader } from "../../ui/PageHeader";
import { Loaded, NoPermission } from "../../ui/states";
import { localToday } from "../../ui/times";
import { CurrentEnrollments, PastEnrollments } from "./PatientEnrollments";
import { PatientFacts, PatientIdentityFields, RegistryNote } from "./PatientIdentity";
import { UnknownPatient } from "./PatientInShort";
import { PatientOverviewFields } from "./patientDocument";
import { variablesOf } from "./patientKey";
import { PatientConflicts, UpcomingSessions } from "./PatientSessions";
import { PatientWeeks } from "./PatientWeeks";
import { usePatient } from "./usePatient";

const route = getRouteApi("/patients/$patientKey");

export function PatientPage() {
  const { patientKey } = route.useParams();
  const may = usePermissions();
  const variables = variablesOf(patientKey);
  if (!may("pm.group_enrollments.view")) return <NoPermission wholePage what="patients" needs="pm.group_enrollments.view" />;
  if (variables === null) return <UnknownPatient wholePage />;
  return <PatientByVariables key={patientKey} variables={variables} />;
}

function PatientByVariables({ variables }: { variables: NonNullable<ReturnType<typeof variablesOf>> }) {
  const { week = localToday() } = route.useSearch();
  const result = usePatient(variables, week);
  return (
    <Loaded result={result}>
      {({ enrollment, patient }) => {
        const found = enrollment?.patient ?? patient;
        return found ? <Whole of={found} week={week} busy={result.outdated} /> : <UnknownPatient wholePage />;
      }}
    </Loaded>
  );
}

function Whole({ of }: { of: FragmentType<typeof PatientOverviewFields>; week: string; busy: boolean }) {
  const overview = readFragment(PatientOverviewFields, of);
  const { displayName } = readFragment(PatientIdentityFields, overview);
  return (
    <>
      <PageHeader title={displayName} tabTitle="Patient" below={<PatientFacts of={overview} />} />
      <Stack gap="lg">
        <RegistryNote of={overview} />
        <Part title="Week">
          <PatientWeeks of={overview} />
        </Part>
        <Part title="Groups">
          <CurrentEnrollments of={overview} />
        </Part>
        <Part title="Conflicts">
          <PatientConflicts of={overview} />
        </Part>
        <Part title="Upcoming sessions">
          <UpcomingSessions of={overview} limit={20} />
        </Part>
        <Part title="Past enrollments">
          <PastEnrollments of={overview} />
        </Part>
      </Stack>
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper component="section" withBorder p="md" aria-label={title}>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      {children}
    </Paper>
  );
}
