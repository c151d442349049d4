import { useForm } from "@mantine/form";
import type { GroupValues } from "./groupValues";

/** Return the form of a group. It checks only what is missing: the server knows the rules, and says so at each field. */
export function useGroupForm(initialValues: GroupValues) {
  return useForm<GroupValues>({
    mode: "controlled",
    initialValues,
    validate: {
      name: (name) => (name.trim() === "" ? "Name the group." : null),
      groupType: (type) => (type === null ? "Choose a type." : null),
      facilitatorId: (id) => (id === null ? "Choose who leads it." : null),
      maxCapacity: (seats) => (seats === "" ? "Fill in the number of seats." : null),
      durationMinutes: (minutes) => (minutes === "" ? "Fill in the minutes." : null),
      recurrence: {
        startDate: (date, { recurrence }) =>
          recurrence.repeats !== "NEVER" && date === "" ? "Fill in the first day." : null,
        startTime: (time, { recurrence }) =>
          recurrence.repeats !== "NEVER" && time === "" ? "Fill in when a session starts." : null,
        until: (until, { recurrence }) => (recurrence.ends === "UNTIL" && until === "" ? "Fill in the last day." : null),
        rule: (rule, { recurrence }) => (recurrence.repeats === "RULE" && rule.trim() === "" ? "Fill in the rule." : null),
      },
    },
  });
}
