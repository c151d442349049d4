import { Group, Paper, Text, Title } from "@mantine/core";
import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import IconCheck from "@tabler/icons-react/icons/IconCheck";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { ComplianceBadge } from "../../ui/ComplianceBadge";
import { counted } from "../../ui/names";
import classes from "./Compliance.module.css";
import { REQUIREMENTS, scheduledInWords } from "./words";

export const WeekSummaryFields = graphql(`
  fragment WeekSummary on Compliance {
    ...ComplianceBadge
    status
    hours
    days
    gaps {
      message
    }
    requirements {
      code
      required
      actual
      met
    }
  }
`);

/** Whether the group's own sessions of a week meet the rule set: the verdict, its gaps, and each requirement. */
export function WeekSummary({ of }: { of: FragmentType<typeof WeekSummaryFields> }) {
  const week = readFragment(WeekSummaryFields, of);
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="this-group">
      <Group gap="sm" mb="xs">
        <Title order={2} size="h4" id="this-group">
          This group
        </Title>
        <ComplianceBadge of={week} />
        <Text c="dimmed" size="sm">
          {scheduledInWords(week)} scheduled
        </Text>
      </Group>
      {week.gaps.length > 0 && (
        <ul aria-label="Gaps" className={classes.gaps}>
          {week.gaps.map(({ message }) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      )}
      <ul aria-label="Requirements" className={classes.requirements}>
        {week.requirements.map(({ code, required, actual, met }) => {
          const { label, unit, isMaximum } = REQUIREMENTS[code];
          const Icon = met ? IconCheck : IconAlertTriangle;
          return (
            <li key={code} data-met={met}>
              <Icon size={16} role="img" aria-label={met ? "Met" : "Not met"} />
              <span>
                {label}: {actual} of {isMaximum ? "at most" : "at least"} {counted(required, unit)}
              </span>
            </li>
          );
        })}
      </ul>
      <Text size="sm" c="dimmed" mt="xs">
        Only the sessions of this group are counted here. Hours of individual sessions are not.
      </Text>
    </Paper>
  );
}
