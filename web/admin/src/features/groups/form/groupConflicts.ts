import type { ConflictingField } from "../../../ui/ConflictAlert";
import type { GroupValues } from "./groupValues";
import { formatRule } from "./recurrenceRule";

const LABELS: Record<keyof GroupValues, string> = {
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

/** Return the fields that differ from what the form opened with, in the form or on the server. */
export function groupConflicts(mine: GroupValues, theirs: GroupValues, before: GroupValues): ConflictingField[] {
  return (Object.keys(LABELS) as (keyof GroupValues)[])
    .map((name) => ({
      label: LABELS[name],
      theirs: inWords(theirs, name),
      mine: inWords(mine, name),
      before: inWords(before, name),
    }))
    .filter(({ theirs: saved, mine: typed, before: old }) => saved !== old || typed !== old);
}

function inWords(values: GroupValues, name: keyof GroupValues): string {
  if (name !== "recurrence") return [values[name] ?? ""].flat().join(", ") || "–";
  const { startDate, startTime, excludedDates } = values.recurrence;
  const rule = formatRule(values.recurrence);
  if (rule === null) return "–";
  return [rule, `from ${startDate}`, `at ${startTime}`, ...excludedDates.map((day) => `not ${day}`)].join(", ");
}
