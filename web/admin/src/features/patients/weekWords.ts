import type { ComplianceRequirementCode } from "../../api/generated/graphql";
import { counted, hoursOf } from "../../ui/names";

type Week = {
  hours: number;
  hoursPast: number;
  days: number;
  requirements: readonly { code: ComplianceRequirementCode; required: number }[];
};

/** "6 hours on 3 days: 3 over, 3 to come. At least 9 hours on 3 days are required." */
export function hoursInWords({ hours, hoursPast, days, requirements }: Week): string {
  const scheduled = `${hoursOf(hours)} on ${counted(days, "day")}`;
  const parts = hoursPast > 0 && hoursPast < hours ? `: ${hoursOf(hoursPast)} over, ${hoursOf(hours - hoursPast)} to come` : "";
  const required = (code: ComplianceRequirementCode) => requirements.find((requirement) => requirement.code === code)?.required;
  const [minimum, minimumDays] = [required("WEEKLY_HOURS"), required("WEEKLY_DAYS")];
  const wanted = [
    minimum === undefined ? null : hoursOf(minimum),
    minimumDays === undefined ? null : counted(minimumDays, "day"),
  ].filter((words) => words !== null);
  return `${scheduled}${parts}. ${wanted.length === 0 ? "No minimum is set." : `At least ${wanted.join(" on ")} are required.`}`;
}
