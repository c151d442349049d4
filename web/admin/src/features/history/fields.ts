// The fields of the API's histories in words. Fields that repeat what the action, its time or the page says are left out.

import type { GroupType } from "../../api/generated/graphql";
import { counted } from "../../ui/names";
import { formatDate, formatTime } from "../../ui/times";
import { GROUP_TYPES } from "../groups/words";
import { inWords } from "./actions";
import { ruleInWords } from "./ruleInWords";

export type Change = { field: string; before: string | null; after: string | null };

/** The names of staff, locations, groups and rule sets by their ids; undefined if a name cannot be shown. */
export type NameOf = (kind: NamedKind, id: string) => string | undefined;
export type NamedKind = "staff" | "location" | "enrollment" | "ruleSet";

type Field = { label: string; format?: (value: string) => string; named?: NamedKind };

const STATUSES: Record<string, string> = {
  SCHEDULED: "scheduled",
  COMPLETED: "completed",
  CANCELLED: "cancelled",
  ENROLLED: "has a seat",
  WAITLISTED: "waits",
  DISENROLLED: "has left",
};

const FIELDS: Record<string, Field> = {
  name: { label: "Name" },
  groupType: { label: "Type", format: (type) => GROUP_TYPES[type as GroupType] ?? type },
  facilitatorId: { label: "Facilitator", named: "staff" },
  coFacilitatorId: { label: "Co-facilitator", named: "staff" },
  locationId: { label: "Location", named: "location" },
  timeZone: { label: "Time zone" },
  maxCapacity: { label: "Seats" },
  minCapacity: { label: "Minimum to run well" },
  durationMinutes: { label: "Length", format: (minutes) => counted(Number(minutes), "minute") },
  recurrenceRule: { label: "Meets", format: ruleInWords },
  recurrenceStartDate: { label: "First day", format: formatDate },
  recurrenceStartTime: { label: "Start", format: formatTime },
  recurrenceExcludedDates: { label: "Not on", format: datesInWords },
  countsToward: { label: "Also counts toward" },
  complianceRuleSetId: { label: "Rule set", named: "ruleSet" },
  sessionDate: { label: "Date", format: formatDate },
  startTime: { label: "Start", format: formatTime },
  endTime: { label: "End", format: formatTime },
  status: { label: "Status", format: (status) => STATUSES[status] ?? inWords(status) },
  cancellationReason: { label: "Reason", format: quoted },
  recurrenceDate: { label: "Day of the recurrence", format: formatDate },
  waitlistPosition: { label: "Place on the waitlist" },
  disenrollmentReason: { label: "Reason", format: quoted },
  startDate: { label: "First day of the stay", format: formatDate },
  endDate: { label: "Last day of the stay", format: formatDate },
  countsFromStart: { label: "Expected from the beginning of the first day", format: () => "yes" },
  transferredTo: { label: "To", named: "enrollment" },
  transferredFrom: { label: "From", named: "enrollment" },
  from: { label: "First day", format: formatDate },
  through: { label: "Last day", format: formatDate },
};

const LEFT_OUT = new Set([
  "id", "groupDefinitionId", "patientId", "startsAt", "endsAt", "edited", "cancelledAt", "deletedAt", "waitlistedAt",
  "enrolledAt", "promotedAt", "disenrolledAt",
]);

/** Return the changes that are shown. The status is that of the action, unless only "updated" says so. */
export function shownChanges(action: string, changes: readonly Change[]): Change[] {
  return changes.filter(({ field }) => !LEFT_OUT.has(field) && (field !== "status" || action === "updated"));
}

export function labelOf({ field }: Change): string {
  return FIELDS[field]?.label ?? inWords(field);
}

/** Return the ids whose names the changes need. */
export function namedIds(changes: readonly Change[]): { kind: NamedKind; id: string }[] {
  return changes.flatMap(({ field, before, after }) => {
    const kind = FIELDS[field]?.named;
    return kind === undefined ? [] : [before, after].filter((id) => id !== null).map((id) => ({ kind, id }));
  });
}

/** Return a value in words. `zone` names the zone of its times, if it differs from the viewer's. */
export function valueInWords(field: string, value: string, nameOf: NameOf, zone: string | null): string {
  const { format, named } = FIELDS[field] ?? {};
  if (named !== undefined) return nameOf(named, value) ?? "not shown";
  const words = format === undefined ? value : format(value);
  return format === formatTime && zone !== null ? `${words} ${zone}` : words;
}

function datesInWords(dates: string): string {
  return dates.split(", ").map(formatDate).join("; ");
}

function quoted(text: string): string {
  return `“${text}”`;
}
