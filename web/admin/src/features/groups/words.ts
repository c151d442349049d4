import type { CapacityStatus, GroupType } from "../../api/generated/graphql";
import { zoneIfDifferent } from "../../ui/times";

export const GROUP_TYPES: Record<GroupType, string> = {
  THERAPY: "Therapy",
  PSYCHOEDUCATION: "Psychoeducation",
  SKILLS_TRAINING: "Skills training",
  SUPPORT: "Support",
  IOP: "IOP",
  PHP: "PHP",
  OTHER: "Other",
};

export const CAPACITY_STATUSES: Record<CapacityStatus, string> = {
  OPEN: "Free seats",
  FULL: "Full",
  OVER_CAPACITY: "Over capacity",
};

/** Return when a group meets, such as "Weekly on Monday at 9:00 AM", and the zone of its times if the viewer's differs. */
export function meetingsInWords(summary: string, timeZone: string): string {
  const zone = zoneIfDifferent(new Date().toISOString(), timeZone);
  return zone === null ? summary : `${summary} (${zone})`;
}

/** Return the options of a select for words by their codes. */
export function optionsOf<Code extends string>(words: Record<Code, string>): { value: Code; label: string }[] {
  return (Object.entries(words) as [Code, string][]).map(([value, label]) => ({ value, label }));
}

/** Return the codes of words, in their order. */
export function codesOf<Code extends string>(words: Record<Code, string>): Code[] {
  return Object.keys(words) as Code[];
}
