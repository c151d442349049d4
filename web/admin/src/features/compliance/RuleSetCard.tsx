import { Anchor, Code, Paper, Text, Title } from "@mantine/core";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { counted, hoursOf } from "../../ui/names";

export const RuleSetFields = graphql(`
  fragment RuleSetCard on ComplianceRuleSet {
    id
    title
    program
    payer
    weeklyHours
    weeklyHoursMaximum
    weeklyDays
    dailyHours
    groupSizeMaximum
    sessionMinutes
    source {
      title
      locator
      url
      confirmed
    }
  }
`);

/** What the weeks are compared with, and the document that it was taken from. */
export function RuleSetCard({ of }: { of: FragmentType<typeof RuleSetFields> }) {
  const rules = readFragment(RuleSetFields, of);
  const { source } = rules;
  const requirements = [
    rules.weeklyHours !== null && `At least ${hoursOf(rules.weeklyHours)} a week`,
    rules.weeklyHoursMaximum !== null && `At most ${hoursOf(rules.weeklyHoursMaximum)} a week`,
    rules.weeklyDays !== null && `Sessions on at least ${counted(rules.weeklyDays, "day")} a week`,
    rules.dailyHours !== null && `At least ${hoursOf(rules.dailyHours)} on each day with a session`,
    rules.groupSizeMaximum !== null && `At most ${counted(rules.groupSizeMaximum, "patient")} in a group`,
    rules.sessionMinutes !== null && `At least ${counted(rules.sessionMinutes, "minute")} for each session`,
  ].filter((words) => words !== false);
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="rule-set">
      <Title order={2} size="h4" id="rule-set">
        Rule set
      </Title>
      <Text fw={600} mt="xs">
        {rules.title}
      </Text>
      <Text size="sm" c="dimmed">
        {rules.program}, for {rules.payer} · id <Code>{rules.id}</Code>
      </Text>
      <ul style={{ margin: "var(--mantine-spacing-xs) 0", paddingInlineStart: "1.25rem" }}>
        {requirements.map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ul>
      <Text size="sm">
        Source:{" "}
        {source.url === null ? (
          source.title
        ) : (
          <Anchor inherit underline="always" href={source.url} target="_blank" rel="noreferrer">
            {source.title}
          </Anchor>
        )}
        , {source.locator}
      </Text>
      <Text size="sm" c="dimmed">
        {source.confirmed
          ? "The numbers were read in the source itself."
          : "The numbers were taken from a summary. Check them in the source before you rely on them."}
      </Text>
      <Text size="sm" c="dimmed">
        Rule sets have no version and no dates of their own: the id, the numbers and the source are what identifies one. Every week,
        past or to come, is compared with these numbers.
      </Text>
    </Paper>
  );
}
