import { Group, Stack, Text } from "@mantine/core";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { graphql } from "../../api/generated";
import type { GroupComplianceQuery } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { DayStepper } from "../../ui/DayStepper";
import { EmptyState, Loaded } from "../../ui/states";
import { formatDates, todayIn } from "../../ui/times";
import { GROUP_TYPES } from "../groups/words";
import { Forecast } from "./Forecast";
import { RuleSetCard } from "./RuleSetCard";
import { PROGRAMS } from "./search";
import { WeekPatients } from "./WeekPatients";
import { WeekSummary } from "./WeekSummary";

const FORECAST_WEEKS = 8;

const GroupCompliance = graphql(`
  query GroupCompliance($id: ID!, $weekOf: Date, $weeks: Int!) {
    groupDefinition(id: $id) {
      id
      groupType
      countsToward
      complianceRuleSet {
        weeklyHours
        weeklyHoursMaximum
        ...RuleSetCard
      }
      compliance(weekOf: $weekOf) {
        weekStart
        weekEnd
        ...WeekSummary
      }
      complianceForecast(weeks: $weeks) {
        weekStart
        ...ForecastWeek
      }
    }
  }
`);

const route = getRouteApi("/groups/$groupId");

type Props = { groupId: string; timeZone: string };

/** Whether the group's weeks meet the rule set of its program, and its patients' weeks theirs. */
export function ComplianceTab({ groupId, timeZone }: Props) {
  const { week = todayIn(timeZone) } = route.useSearch();
  const result = useLiveQuery(GroupCompliance, { id: groupId, weekOf: week, weeks: FORECAST_WEEKS });
  return (
    <Loaded result={result}>
      {({ groupDefinition: group }) =>
        group && (group.countsToward.length === 0 ? <NoProgram group={group} /> : <Weeks group={group} week={week} />)
      }
    </Loaded>
  );
}

type ComplianceGroup = NonNullable<GroupComplianceQuery["groupDefinition"]>;

function NoProgram({ group }: { group: ComplianceGroup }) {
  return (
    <EmptyState title="This group counts toward no program">
      Only intensive outpatient programs (IOP) and partial hospitalization programs (PHP) must have a number of hours and
      days each week. This group's type is {GROUP_TYPES[group.groupType]}, and its sessions are not set to count toward a
      program, so there is nothing to compare.
    </EmptyState>
  );
}

function Weeks({ group, week }: { group: ComplianceGroup; week: string }) {
  const navigate = useNavigate({ from: "/groups/$groupId" });
  const { compliance, complianceForecast: forecast, complianceRuleSet: rules } = group;
  const choose = (day: string | undefined) =>
    void navigate({ search: (previous) => ({ ...previous, week: day }), resetScroll: false });
  return (
    <Stack gap="md">
      <Group gap="sm">
        <DayStepper unit="week" day={week} onChange={choose} />
        {compliance && (
          <Text fw={600} role="status">
            {formatDates(compliance.weekStart, compliance.weekEnd)}
          </Text>
        )}
      </Group>
      {compliance ? (
        <WeekSummary of={compliance} />
      ) : (
        <Text>
          The group itself has no rule set, because its type is {GROUP_TYPES[group.groupType]}. Its sessions count toward{" "}
          {group.countsToward.join(" and ")} for the patients of such groups.
        </Text>
      )}
      {PROGRAMS.filter((program) => group.countsToward.includes(program)).map((program) => (
        <WeekPatients key={program} groupId={group.id} program={program} weekOf={week} />
      ))}
      {forecast && (
        <Forecast
          weeks={forecast}
          minimum={rules?.weeklyHours ?? null}
          maximum={rules?.weeklyHoursMaximum ?? null}
          shown={compliance?.weekStart ?? ""}
        />
      )}
      {rules && <RuleSetCard of={rules} />}
    </Stack>
  );
}
