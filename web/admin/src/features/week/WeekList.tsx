import { Stack, Text } from "@mantine/core";
import type { WeekSessionFragment } from "../../api/generated/graphql";
import { Section } from "../../ui/Section";
import { counted } from "../../ui/names";
import { formatDay, localToday } from "../../ui/times";
import { ClosuresOn, type WeekClosuresRef } from "./WeekClosures";
import { WeekSession } from "./WeekSession";

type Props = { days: readonly string[]; sessions: readonly WeekSessionFragment[]; closures: WeekClosuresRef };

/** The week as a list, for windows that are too narrow for the table. */
export function WeekList({ days, sessions, closures }: Props) {
  const today = localToday();
  return (
    <Stack gap="lg">
      {days.map((day) => {
        const ofDay = sessions.filter(({ sessionDate }) => sessionDate === day);
        const title = day === today ? `Today, ${formatDay(day)}` : formatDay(day);
        return (
          <Section key={day} title={title} note={counted(ofDay.length, "session")}>
            <ClosuresOn day={day} of={closures} />
            {ofDay.length === 0 ? (
              <Text size="sm" c="dimmed">
                No sessions.
              </Text>
            ) : (
              ofDay.map((session) => <WeekSession key={session.id} session={session} />)
            )}
          </Section>
        );
      })}
    </Stack>
  );
}
