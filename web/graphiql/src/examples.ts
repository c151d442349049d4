// The tabs that the page opens with, in order. Dates count from today, so that the demo clinic always has results.
import groups from "./examples/groups.graphql?raw";
import roster from "./examples/roster.graphql?raw";
import compliance from "./examples/compliance.graphql?raw";
import calendar from "./examples/calendar.graphql?raw";
import search from "./examples/search.graphql?raw";
import createGroup from "./examples/create_group.graphql?raw";
import generateSessions from "./examples/generate_sessions.graphql?raw";
import enroll from "./examples/enroll.graphql?raw";
import disenroll from "./examples/disenroll.graphql?raw";
import { PLACEHOLDERS, type ExampleIds } from "./exampleIds";

export type Tab = { query: string; variables: string };

export function exampleTabs(today: Date, ids: ExampleIds = PLACEHOLDERS): Tab[] {
  const sunday = -today.getDay();
  const day = (offset: number) => calendarDate(today, offset);
  return [
    tab(groups, { today: day(0) }),
    tab(roster, {}),
    tab(compliance, { weekOf: day(0) }),
    tab(calendar, { from: day(sunday), through: day(sunday + 6) }),
    tab(search, { search: "" }),
    tab(createGroup, {
      input: {
        name: "Mindful mornings",
        groupType: "SKILLS_TRAINING",
        facilitatorId: ids.facilitatorId,
        locationId: ids.locationId,
        minCapacity: 4,
        maxCapacity: 12,
        durationMinutes: 90,
        recurrence: { rule: "FREQ=WEEKLY;BYDAY=TU,TH", startDate: day(0), startTime: "09:00:00", excludedDates: [] },
      },
    }),
    tab(generateSessions, { input: { groupDefinitionId: ids.groupDefinitionId, from: day(0), through: day(84) } }),
    tab(enroll, { input: { groupDefinitionId: ids.groupDefinitionId, patientId: ids.patientId } }),
    tab(disenroll, { input: { enrollmentId: ids.enrollmentId, reason: "Completed the program" } }),
  ];
}

function tab(query: string, variables: object): Tab {
  return { query: query.trimEnd(), variables: JSON.stringify(variables, null, 2) };
}

function calendarDate(today: Date, offset: number): string {
  const date = new Date(Date.UTC(today.getFullYear(), today.getMonth(), today.getDate() + offset));
  return date.toISOString().slice(0, 10);
}
