import { SimpleGrid, Stack } from "@mantine/core";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { readFragment, type FragmentType } from "../../api/generated";
import { usePermissions } from "../../permissions/permissions";
import { DayStepper } from "../../ui/DayStepper";
import { PageHeader } from "../../ui/PageHeader";
import { Section } from "../../ui/Section";
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

type WholeProps = { of: FragmentType<typeof PatientOverviewFields>; week: string; busy: boolean };

function Whole({ of, week, busy }: WholeProps) {
  const navigate = useNavigate({ from: "/patients/$patientKey" });
  const overview = readFragment(PatientOverviewFields, of);
  const { displayName } = readFragment(PatientIdentityFields, overview);
  return (
    <>
      <PageHeader title={displayName} tabTitle="Patient" below={<PatientFacts of={overview} />} />
      <Stack gap="lg">
        <RegistryNote of={overview} />
        <Section title="Hours of the week" framed>
          <Stack gap="sm" aria-busy={busy}>
            <DayStepper
              day={week}
              unit="week"
              onChange={(day) => void navigate({ search: (previous) => ({ ...previous, week: day }), replace: true, resetScroll: false })}
            />
            <PatientWeeks of={overview} day={week} />
          </Stack>
        </Section>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <Stack gap="lg">
            <Section title="Groups" framed>
              <CurrentEnrollments of={overview} />
            </Section>
            <Section title="Past enrollments" framed>
              <PastEnrollments of={overview} />
            </Section>
          </Stack>
          <Stack gap="lg">
            <Section title="Conflicts" framed>
              <PatientConflicts of={overview} />
            </Section>
            <Section title="Upcoming sessions" framed>
              <UpcomingSessions of={overview} />
            </Section>
          </Stack>
        </SimpleGrid>
      </Stack>
    </>
  );
}
