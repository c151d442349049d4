import { Group, Text, Title } from "@mantine/core";
import { useId } from "react";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { ComplianceOutlook } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions } from "../../permissions/permissions";
import { counted } from "../../ui/names";
import { Pager, usePaging } from "../../ui/Pager";
import { Loaded } from "../../ui/states";
import { formatDate, formatDates, localToday } from "../../ui/times";
import { isAtRisk, PatientWeekTable, WeekOfPatientFields } from "./PatientWeekTable";
import type { Program } from "./search";
import { useConcerns } from "./useConcerns";
import { useJoinable } from "./useJoinable";


const Board = graphql(`
  query Board(
    $program: GroupType!
    $weekOf: Date
    $outlook: [ComplianceOutlook!]
    $first: Int!
    $after: String
    $seesGroups: Boolean!
  ) {
    programCompliance(program: $program, weekOf: $weekOf, outlook: $outlook, first: $first, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        weekStart
        weekEnd
        ...WeekOfPatient
      }
    }
  }
`);

type Props = {
  program: Program;
  /** A day of the week. */
  weekOf: string;
  /** "This week", "Next week", or nothing for another one. */
  name: string | null;
  outlook: ComplianceOutlook[] | undefined;
  pageSize: number;
};

/** The patients of a program in a week, those at risk first. */
export function BoardSection({ program, weekOf, name, outlook, pageSize }: Props) {
  const may = usePermissions();
  const heading = useId();
  const paging = usePaging([program, weekOf, ...(outlook ?? [])].join(" "));
  const seesGroups = may("pm.group_definitions.view");
  const variables = { program, weekOf, outlook, first: pageSize, after: paging.after, seesGroups };
  const result = useLiveQuery(Board, variables, useConcerns(program));
  const page = result.data?.programCompliance;
  const [week] = page?.nodes ?? [];
  const dates = week === undefined ? `the week of ${formatDate(weekOf)}` : formatDates(week.weekStart, week.weekEnd);
  return (
    <section aria-labelledby={heading}>
      <Group gap="xs" align="baseline" mb="xs">
        <Title order={2} size="h4" id={heading}>
          {program}, {name === null ? dates : name.toLowerCase()}
        </Title>
        <Text c="dimmed" size="sm">
          {name !== null && `${dates} · `}
          {page && counted(page.totalCount, "patient")}
        </Text>
      </Group>
      <Loaded result={result}>
        {({ programCompliance }) =>
          programCompliance &&
          (programCompliance.nodes[0] === undefined ? (
            <Text c="dimmed">
              {outlook === undefined ? `No patient takes part in ${program} in this week.` : "No patient has such an outlook."}
            </Text>
          ) : (
            <Weeks
              program={program}
              weeks={programCompliance.nodes}
              from={programCompliance.nodes[0].weekStart}
              through={programCompliance.nodes[0].weekEnd}
              busy={result.outdated}
            />
          ))
        }
      </Loaded>
      {page && (
        <Pager paging={paging} size={pageSize} shown={page.nodes.length} total={page.totalCount} pageInfo={page.pageInfo} />
      )}
    </section>
  );
}

type WeeksProps = {
  program: Program;
  weeks: ReadonlyArray<FragmentType<typeof WeekOfPatientFields>>;
  from: string;
  through: string;
  busy: boolean;
};

function Weeks({ program, weeks, from, through, busy }: WeeksProps) {
  const today = localToday();
  const groups = useJoinable(program, from < today ? today : from, through);
  const atRisk = readFragment(WeekOfPatientFields, weeks).some(isAtRisk);
  return (
    <>
      <PatientWeekTable weeks={weeks} busy={busy} joinable={Array.isArray(groups) ? groups : []} />
      {atRisk && !Array.isArray(groups) && (
        <Text size="sm" c="dimmed" mt="xs">
          {groups === undefined
            ? "Groups that a patient could still join are not shown. That needs pm.group_definitions.view and pm.group_schedule.view."
            : groups === null
              ? "Looking for groups that a patient could still join …"
              : "Groups that a patient could still join could not be loaded."}
        </Text>
      )}
    </>
  );
}
