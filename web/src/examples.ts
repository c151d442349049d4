// The tabs that the page opens with, in order. Dates are counted from today, so that the demo clinic always has an answer.
import groups from "./examples/groups.graphql?raw";
import roster from "./examples/roster.graphql?raw";
import compliance from "./examples/compliance.graphql?raw";
import calendar from "./examples/calendar.graphql?raw";
import ids from "./examples/ids.graphql?raw";
import createGroup from "./examples/create_group.graphql?raw";
import generateSessions from "./examples/generate_sessions.graphql?raw";
import enroll from "./examples/enroll.graphql?raw";
import disenroll from "./examples/disenroll.graphql?raw";

export type Tab = { query: string; variables: string };

export function exampleTabs(today: Date): Tab[] {
  const sunday = -today.getDay();
  const day = (offset: number) => calendarDate(today, offset);
  return [
    tab(groups, { today: day(0) }),
    tab(roster, {}),
    tab(compliance, { weekOf: day(0) }),
    tab(calendar, { from: day(sunday), through: day(sunday + 6) }),
    tab(ids, { search: "" }),
    tab(createGroup, {
      input: {
        name: "Mindful mornings",
        groupType: "SKILLS_TRAINING",
        facilitatorId: "an id of staffMembers",
        locationId: "an id of locations",
        minCapacity: 4,
        maxCapacity: 12,
        durationMinutes: 90,
        recurrence: { rule: "FREQ=WEEKLY;BYDAY=TU,TH", startDate: day(0), startTime: "09:00:00", excludedDates: [] },
      },
    }),
    tab(generateSessions, { input: { groupDefinitionId: "the new group's id", from: day(0), through: day(56) } }),
    tab(enroll, { input: { groupDefinitionId: "a group's id", patientId: "an id of patients" } }),
    tab(disenroll, { input: { enrollmentId: "an enrollment's id", reason: "Completed the program" } }),
  ];
}

function tab(query: string, variables: object): Tab {
  return { query: query.trimEnd(), variables: JSON.stringify(variables, null, 2) };
}

function calendarDate(today: Date, offset: number): string {
  const date = new Date(Date.UTC(today.getFullYear(), today.getMonth(), today.getDate() + offset));
  return date.toISOString().slice(0, 10);
}
