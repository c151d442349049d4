import type { ComplianceOutlook } from "../../api/generated/graphql";
import { choiceIn, choicesIn, dayIn } from "../../app/search";
import { OUTLOOKS } from "../../ui/outlooks";
import { codesOf } from "../groups/words";

export const PROGRAMS = ["IOP", "PHP"] as const;
export type Program = (typeof PROGRAMS)[number];

/** The search parameters of the board. */
export type ComplianceSearch = {
  /** One program; both by default. */
  program?: Program;
  /** A day of the week that shows; this week and the next one by default. */
  week?: string;
  outlook?: ComplianceOutlook[];
};

export function complianceSearch(search: Record<string, unknown>): ComplianceSearch {
  return {
    program: choiceIn(search["program"], PROGRAMS),
    week: dayIn(search["week"]),
    outlook: choicesIn(search["outlook"], codesOf(OUTLOOKS)),
  };
}
