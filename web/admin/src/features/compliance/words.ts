import type { ComplianceRequirementCode } from "../../api/generated/graphql";
import { counted, hoursOf } from "../../ui/names";

export const REQUIREMENTS: Record<ComplianceRequirementCode, { label: string; unit: string; isMaximum?: true }> = {
  WEEKLY_HOURS: { label: "Hours in the week", unit: "hour" },
  WEEKLY_DAYS: { label: "Days with a session", unit: "day" },
  DAILY_HOURS: { label: "Hours on the shortest day", unit: "hour" },
  GROUP_SIZE: { label: "Patients with a seat", unit: "patient", isMaximum: true },
  SESSION_MINUTES: { label: "Length of the shortest session", unit: "minute" },
};

type Week = { hours: number; hoursPast: number; days: number };

/** "6 hours on 2 days", with how much of it is over if the week has begun. */
export function scheduledInWords({ hours, days }: Pick<Week, "hours" | "days">): string {
  return hours === 0 ? "No hours" : `${hoursOf(hours)} on ${counted(days, "day")}`;
}

/** "3 hours over, 3 to come"; null before the week begins. */
export function progressInWords({ hours, hoursPast }: Week): string | null {
  if (hoursPast === 0) return null;
  return hoursPast >= hours ? "all of it over" : `${hoursOf(hoursPast)} over, ${hoursOf(hours - hoursPast)} to come`;
}
