// The part of RFC 5545 that the recurrence editor has fields for. Every other rule is edited as text, so that no rule is
// changed by opening and saving a form.

export const WEEKDAYS = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export type Repeats = "NEVER" | "DAILY" | "WEEKLY" | "MONTHLY" | "RULE";
export type Ends = "NEVER" | "UNTIL" | "COUNT";

/** The recurrence as the form has it. Dates and times are those of input elements; "" if they are empty. */
export type RecurrenceValues = {
  repeats: Repeats;
  interval: number | string;
  weekdays: Weekday[];
  /** MONTHLY: which one of the weekday in the month, 1 to 4, or -1 for the last. */
  week: string;
  ends: Ends;
  until: string;
  count: number | string;
  /** RULE: the rule as text. */
  rule: string;
  startDate: string;
  startTime: string;
  excludedDates: string[];
};

export const NO_RECURRENCE: RecurrenceValues = {
  repeats: "NEVER",
  interval: 1,
  weekdays: [],
  week: "1",
  ends: "NEVER",
  until: "",
  count: 10,
  rule: "",
  startDate: "",
  startTime: "",
  excludedDates: [],
};

type Rule = Pick<RecurrenceValues, "repeats" | "interval" | "weekdays" | "week" | "ends" | "until" | "count" | "rule">;

/** Return the rule in RFC 5545's form; null if the group does not repeat. */
export function formatRule(values: Rule): string | null {
  if (values.repeats === "NEVER") return null;
  if (values.repeats === "RULE") return values.rule.trim();
  const parts = [`FREQ=${values.repeats}`];
  if (Number(values.interval) !== 1) parts.push(`INTERVAL=${values.interval}`);
  const days = WEEKDAYS.filter((day) => values.weekdays.includes(day));
  if (values.repeats === "WEEKLY" && days.length > 0) parts.push(`BYDAY=${days.join(",")}`);
  if (values.repeats === "MONTHLY" && days.length > 0) parts.push(`BYDAY=${days.map((day) => values.week + day).join(",")}`);
  if (values.ends === "UNTIL") parts.push(`UNTIL=${values.until.replaceAll("-", "")}`);
  if (values.ends === "COUNT") parts.push(`COUNT=${values.count}`);
  return parts.join(";");
}

/** Return the fields of a rule. A rule that has more than the fields is kept as text. */
export function parseRule(rule: string): Rule {
  const asText: Rule = { ...NO_RECURRENCE, repeats: "RULE", rule };
  const parts = new Map(rule.split(";").map((part) => part.split("=", 2) as [string, string]));
  const take = (name: string) => {
    const value = parts.get(name);
    parts.delete(name);
    return value;
  };
  const repeats = take("FREQ");
  const interval = Number(take("INTERVAL") ?? 1);
  const until = /^(\d{4})(\d{2})(\d{2})$/.exec(take("UNTIL") ?? "");
  const count = take("COUNT");
  const days = (take("BYDAY") ?? "").split(",").filter(Boolean);
  if (parts.size > 0 || (rule.includes("UNTIL=") && until === null)) return asText;
  const parsed: Rule = {
    ...NO_RECURRENCE,
    repeats: repeats as Repeats,
    interval,
    ends: until !== null ? "UNTIL" : count !== undefined ? "COUNT" : "NEVER",
    until: until === null ? "" : until.slice(1).join("-"),
    count: Number(count ?? NO_RECURRENCE.count),
    rule,
  };
  if (repeats === "DAILY" && days.length === 0) return parsed;
  if (repeats === "WEEKLY" && days.every(isWeekday)) return { ...parsed, weekdays: days };
  if (repeats === "MONTHLY" && days.length === 1) {
    const match = /^(-1|[1-4])([A-Z]{2})$/.exec(days[0]!);
    if (match !== null && isWeekday(match[2]!)) return { ...parsed, week: match[1]!, weekdays: [match[2]] };
  }
  return asText;
}

function isWeekday(day: string): day is Weekday {
  return (WEEKDAYS as readonly string[]).includes(day);
}
