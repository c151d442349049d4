import { Group, Stack, Text } from "@mantine/core";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { PatientWeeksFragment } from "../../api/generated/graphql";
import { usePermissions } from "../../permissions/permissions";
import { OutlookBadge } from "../../ui/OutlookBadge";
import { mondayOf } from "../../ui/times";
import { WeekStrip } from "./WeekStrip";
import { hoursInWords } from "./weekWords";

export const PatientWeeksFields = graphql(`
  fragment PatientWeeks on Patient {
    compliance(weekOf: $weekOf) {
      program
      ruleSet {
        title
        payer
      }
      weekStart
      weekEnd
      partialWeek
      outlook
      hours
      hoursPast
      days
      requirements {
        code
        required
        actual
        met
      }
      gaps {
        message
      }
    }
    week: occurrences(from: $from, through: $through, first: 200) @include(if: $seesSchedule) {
      nodes {
        id
        sessionDate
        startsAt
        endsAt
        groupDefinition @include(if: $seesGroups) {
          id
          countsToward
        }
      }
    }
  }
`);

type Props = {
  of: FragmentType<typeof PatientWeeksFields>;
  /** A day of the week. */
  day: string;
};
type ProgramWeek = PatientWeeksFragment["compliance"][number];

/** The hours of a week toward each program that the patient takes part in, against what the program requires. */
export function PatientWeeks({ of, day }: Props) {
  const { compliance, week } = readFragment(PatientWeeksFields, of);
  if (compliance.length === 0) {
    return (
      <div>
        <Text c="dimmed" size="sm">
          The patient takes part in no intensive program in this week, so no hours are required.
        </Text>
        {/* Only a program's week says on which day the clinic's weeks begin. Without one, it is that of the Week screen. */}
        {week != null && <WeekStrip label="Hours by day" weekStart={mondayOf(day)} sessions={week.nodes} />}
      </div>
    );
  }
  return (
    <Stack gap="lg">
      {compliance.map((program) => (
        <WeekOfProgram key={program.program} of={program} sessions={week?.nodes ?? null} />
      ))}
    </Stack>
  );
}

function WeekOfProgram({ of, sessions }: { of: ProgramWeek; sessions: NonNullable<PatientWeeksFragment["week"]>["nodes"] | null }) {
  const may = usePermissions();
  const { program, ruleSet, outlook, partialWeek, gaps } = of;
  return (
    <div>
      <Group gap="xs" mb={4}>
        <Text fw={600}>{program}</Text>
        <OutlookBadge outlook={outlook} />
      </Group>
      <Text>{hoursInWords(of)}</Text>
      {gaps.map(({ message }) => (
        <Text key={message}>{message}</Text>
      ))}
      {outlook === "AT_RISK" && gaps.length === 0 && <Text>Every remaining session must be held.</Text>}
      {partialWeek && <Text c="dimmed">The patient's stay begins or ends within this week.</Text>}
      <Text size="sm" c="dimmed">
        {ruleSet.title} ({ruleSet.payer})
      </Text>
      {sessions !== null && may("pm.group_definitions.view") ? (
        <WeekStrip
          label={`Hours of ${program} by day`}
          weekStart={of.weekStart}
          sessions={sessions.filter(({ groupDefinition }) => groupDefinition?.countsToward.includes(program))}
        />
      ) : (
        <Text size="sm" c="dimmed">
          The hours of each day are not shown: that needs pm.group_schedule.view and pm.group_definitions.view.
        </Text>
      )}
    </div>
  );
}
