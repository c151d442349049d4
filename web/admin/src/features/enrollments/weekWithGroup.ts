// A patient's week in a program as it will be with another group. Sessions at the same time count once, as on the server.

import type { ComplianceRequirementCode } from "../../api/generated/graphql";
import { counted, hoursOf } from "../../ui/names";

export type Session = { sessionDate: string; startsAt: string; endsAt: string };
type Requirement = { code: ComplianceRequirementCode; required: number };
export type MeasuredWeek = {
  weekStart: string;
  weekEnd: string;
  hours: number;
  days: number;
  requirements: readonly Requirement[];
};

/** Return the hours and days of a week with more sessions. `counting` are the patient's sessions that are in the week already. */
export function withGroup(
  { weekStart, weekEnd, hours, days }: MeasuredWeek,
  counting: readonly Session[],
  added: readonly Session[],
): { hours: number; days: number } {
  const inWeek = ({ sessionDate }: Session) => weekStart <= sessionDate && sessionDate <= weekEnd;
  const before = counting.filter(inWeek);
  const after = [...before, ...added.filter(inWeek)];
  return {
    hours: hours + hoursCovered(after) - hoursCovered(before),
    days: days + daysOf(after) - daysOf(before),
  };
}

/** "12 hours on 4 days, as required", or with how much is missing. */
export function shortOf({ hours, days }: { hours: number; days: number }, requirements: readonly Requirement[]): string {
  const required = (code: ComplianceRequirementCode) => requirements.find((requirement) => requirement.code === code)?.required ?? 0;
  const [missingHours, missingDays] = [required("WEEKLY_HOURS") - hours, required("WEEKLY_DAYS") - days];
  const missing = [missingHours > 0 && hoursOf(missingHours), missingDays > 0 && counted(missingDays, "day")].filter(Boolean);
  const scheduled = `${hoursOf(hours)} on ${counted(days, "day")}`;
  return missing.length === 0 ? `${scheduled}, which is enough.` : `${scheduled}, ${missing.join(" and ")} too few.`;
}

function daysOf(sessions: readonly Session[]): number {
  return new Set(sessions.map(({ sessionDate }) => sessionDate)).size;
}

function hoursCovered(sessions: readonly Session[]): number {
  const spans = sessions.map(({ startsAt, endsAt }) => [Date.parse(startsAt), Date.parse(endsAt)] as const).toSorted((a, b) => a[0] - b[0]);
  let [covered, end] = [0, -Infinity];
  for (const [from, to] of spans) {
    covered += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return covered / 3_600_000;
}
