import { dayIn } from "../../app/search";

/** The search parameters of Today: another day than today. */
export type TodaySearch = { day?: string };

export function todaySearch(search: Record<string, unknown>): TodaySearch {
  return { day: dayIn(search["day"]) };
}
