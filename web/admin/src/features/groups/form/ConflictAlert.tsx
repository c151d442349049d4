import { Alert, Button, Group, Text } from "@mantine/core";
import IconGitMerge from "@tabler/icons-react/icons/IconGitMerge";
import classes from "./ConflictAlert.module.css";
import type { GroupValues } from "./groupValues";
import { formatRule } from "./recurrenceRule";

const LABELS: Partial<Record<keyof GroupValues, string>> = {
  name: "Name",
  groupType: "Type",
  facilitatorId: "Facilitator",
  coFacilitatorId: "Co-facilitator",
  locationId: "Location",
  minCapacity: "Minimum to run well",
  maxCapacity: "Seats",
  durationMinutes: "Minutes of a session",
  timeZone: "Time zone",
  countsToward: "Counts toward",
  complianceRuleSetId: "Rule set",
  recurrence: "When it meets",
};

type Props = {
  mine: GroupValues;
  theirs: GroupValues;
  before: GroupValues;
  onKeepMine: () => void;
  onTakeTheirs: () => void;
};

/** Shows what somebody else has saved since the form was opened, beside what is in the form, and lets the person choose. */
export function ConflictAlert({ mine, theirs, before, onKeepMine, onTakeTheirs }: Props) {
  const changed = (Object.keys(LABELS) as (keyof GroupValues)[]).filter(
    (name) => inWords(theirs, name) !== inWords(before, name) || inWords(mine, name) !== inWords(before, name),
  );
  return (
    <Alert color="yellow" icon={<IconGitMerge />} title="Somebody else has changed this group meanwhile" role="alert">
      <Text size="sm" mb="sm">
        Nothing is saved yet. Saving yours keeps what they changed in the fields that you did not touch.
      </Text>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>Field</th>
            <th>Theirs, saved</th>
            <th>Yours, in the form</th>
          </tr>
        </thead>
        <tbody>
          {changed.map((name) => (
            <tr key={name}>
              <th scope="row">{LABELS[name]}</th>
              <td>{inWords(theirs, name)}</td>
              <td>{inWords(mine, name)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Group mt="sm">
        <Button size="compact-md" onClick={onKeepMine}>
          Save mine
        </Button>
        <Button size="compact-md" variant="default" onClick={onTakeTheirs}>
          Take theirs
        </Button>
      </Group>
    </Alert>
  );
}

function inWords(values: GroupValues, name: keyof GroupValues): string {
  if (name !== "recurrence") return [values[name] ?? ""].flat().join(", ") || "–";
  const { startDate, startTime, excludedDates } = values.recurrence;
  const rule = formatRule(values.recurrence);
  if (rule === null) return "–";
  return [rule, `from ${startDate}`, `at ${startTime}`, ...excludedDates.map((day) => `not ${day}`)].join(", ");
}
