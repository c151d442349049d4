import { parseRule, type Weekday } from "../groups/form/recurrenceRule";
import { formatDate } from "../../ui/times";

const DAYS: Record<Weekday, string> = {
  SU: "Sunday",
  MO: "Monday",
  TU: "Tuesday",
  WE: "Wednesday",
  TH: "Thursday",
  FR: "Friday",
  SA: "Saturday",
};
const WEEKS: Record<string, string> = { "1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last" };
const UNITS = { DAILY: ["Daily", "days"], WEEKLY: ["Weekly", "weeks"], MONTHLY: ["Monthly", "months"] } as const;

const list = new Intl.ListFormat("en-US", { type: "conjunction" });

/** Return a rule in words, such as "Weekly on Monday and Friday". A rule beyond the editor's fields stays as it is. */
export function ruleInWords(rule: string): string {
  const { repeats, interval, weekdays, week, ends, until, count } = parseRule(rule);
  if (repeats === "RULE" || repeats === "NEVER") return rule;
  const [every, units] = UNITS[repeats];
  const often = Number(interval) === 1 ? every : `Every ${interval} ${units}`;
  const days = list.format(weekdays.map((day) => DAYS[day]));
  const on = days === "" ? "" : repeats === "MONTHLY" ? ` on the ${WEEKS[week]} ${days}` : ` on ${days}`;
  const end = ends === "UNTIL" ? `, until ${formatDate(until)}` : ends === "COUNT" ? `, ${count} times` : "";
  return `${often}${on}${end}`;
}
