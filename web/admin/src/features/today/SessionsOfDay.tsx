import { Text } from "@mantine/core";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { counted } from "../../ui/names";
import { Section } from "../../ui/Section";
import { LeftOut } from "../../ui/states";
import { SessionRow } from "./SessionRow";
import classes from "./SessionsOfDay.module.css";

// A page of the API has at most 200 elements.
const SessionsOfDayFields = graphql(`
  fragment SessionsOfDay on Query {
    sessions: occurrences(filter: { from: $day, through: $day }, first: 200) @include(if: $seesSchedule) {
      totalCount
      nodes {
        id
        startsAt
        status
        expected
        ...SessionOfDay
      }
    }
  }
`);

/** The sessions by time. Those of sites in several zones are in the order in which they happen. */
export function SessionsOfDay({ of }: { of: FragmentType<typeof SessionsOfDayFields> }) {
  const { sessions } = readFragment(SessionsOfDayFields, of);
  if (sessions == null) {
    return (
      <Section title="Sessions" framed>
        <LeftOut what="sessions" needs="pm.group_schedule.view" />
      </Section>
    );
  }
  if (sessions.totalCount === 0) {
    return (
      <Section title="Sessions" framed>
        <Text c="dimmed" size="sm">No sessions on this day.</Text>
      </Section>
    );
  }
  const inOrder = sessions.nodes.toSorted((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt));
  const held = sessions.nodes.filter(({ status }) => status !== "CANCELLED");
  const visits = held.reduce((sum, { expected }) => sum + expected, 0);
  const notes = [
    counted(held.length, "session"),
    held.length < sessions.nodes.length && `${sessions.nodes.length - held.length} cancelled`,
    `${counted(visits, "visit")} expected`,
  ];
  return (
    <Section title="Sessions" note={notes.filter(Boolean).join(" · ")}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>Time</th>
            <th>Session</th>
            <th className={classes.wide}>Room</th>
            <th className={classes.wide}>Facilitator</th>
            <th>Expected</th>
          </tr>
        </thead>
        <tbody>
          {inOrder.map((session) => (
            <SessionRow key={session.id} of={session} />
          ))}
        </tbody>
      </table>
      {sessions.nodes.length < sessions.totalCount && (
        <Text c="dimmed" size="sm" mt="xs">
          The first {sessions.nodes.length} of {sessions.totalCount}.
        </Text>
      )}
    </Section>
  );
}
