import { Text, Title } from "@mantine/core";
import { HistoryList } from "./HistoryList";

/** The history of a group. */
export function HistoryTab({ groupId, timeZone }: { groupId: string; timeZone: string }) {
  return (
    <>
      <Title order={2} size="h4">
        Changes of the group
      </Title>
      <Text c="dimmed" size="sm" mb="md">
        Each session and each enrollment has a history of its own.
      </Text>
      <HistoryList kind="group" id={groupId} timeZone={timeZone} />
    </>
  );
}
