import { Paper, Text, Title } from "@mantine/core";
import { graphql } from "../../api/generated";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { Pager, usePaging } from "../../ui/Pager";
import { Loaded, NoPermission } from "../../ui/states";
import { PatientWeekTable } from "./PatientWeekTable";
import type { Program } from "./search";
import { useConcerns } from "./useConcerns";

const PAGE_SIZE = 50;

const PatientsOfWeek = graphql(`
  query PatientsOfWeek(
    $program: GroupType!
    $weekOf: Date
    $groupId: ID
    $first: Int!
    $after: String
    $seesGroups: Boolean!
  ) {
    programCompliance(
      program: $program
      weekOf: $weekOf
      groupDefinitionId: $groupId
      first: $first
      after: $after
    ) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        ...WeekOfPatient
      }
    }
  }
`);

type Props = { groupId: string; program: Program; weekOf: string };

/** The patients of a group in a week, with whether their week in a program will be met by all of their groups. */
export function WeekPatients(props: Props) {
  const may = usePermissions();
  return (
    <Paper component="section" withBorder p="md" aria-label={`${props.program} patients of the week`}>
      <Title order={2} size="h4">
        {props.program} patients of the week
      </Title>
      {may("pm.group_enrollments.view") ? (
        <PatientsOfProgram {...props} />
      ) : (
        <NoPermission what="patients" needs="pm.group_enrollments.view" />
      )}
    </Paper>
  );
}

function PatientsOfProgram({ groupId, program, weekOf }: Props) {
  const may = usePermissions();
  const paging = usePaging(`${program} ${weekOf}`);
  const seesGroups = may("pm.group_definitions.view");
  const variables = { groupId, program, weekOf, first: PAGE_SIZE, after: paging.after, seesGroups };
  const result = useLiveQuery(PatientsOfWeek, variables, useConcerns(program));
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        Each patient's hours of all groups that count toward {program}, those at risk first.
      </Text>
      <Loaded result={result}>
        {({ programCompliance: page }) =>
          page &&
          (page.totalCount === 0 ? (
            <Text c="dimmed">No patient with a seat in this group takes part in {program} in this week.</Text>
          ) : (
            <>
              <PatientWeekTable weeks={page.nodes} busy={result.outdated} ofGroup={groupId} />
              <Pager
                paging={paging}
                size={PAGE_SIZE}
                shown={page.nodes.length}
                total={page.totalCount}
                pageInfo={page.pageInfo}
              />
            </>
          ))
        }
      </Loaded>
    </>
  );
}
