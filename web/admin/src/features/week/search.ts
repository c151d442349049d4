import { choiceIn, dayIn, flagIn, textIn } from "../../app/search";

const LANES = ["facilitator", "room"] as const;
export type Lanes = (typeof LANES)[number];

/** The search parameters of the week. */
export type WeekSearch = {
  /** Any day of the week; this week by default. */
  week?: string;
  /** What each row of the calendar is; a facilitator by default. */
  by?: Lanes;
  /** The id of the only facilitator or location that shows. */
  only?: string;
  /** Whether only sessions with conflicts show. */
  clashes?: true;
};

export function weekSearch(search: Record<string, unknown>): WeekSearch {
  return {
    week: dayIn(search["week"]),
    by: choiceIn(search["by"], LANES),
    only: textIn(search["only"]),
    clashes: flagIn(search["clashes"]),
  };
}
