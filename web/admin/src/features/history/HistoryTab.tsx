import { Anchor, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { HistoryList } from "./HistoryList";

/** The history of a group. */
export function HistoryTab({ groupId, timeZone }: { groupId: string; timeZone: string }) {
  return (
    <>
      <Title order={2} size="h4">
        Changes of the group
      </Title>
      <Text c="dimmed" size="sm" mb="md">
        Each <TabLink groupId={groupId} tab="schedule">session</TabLink> and each{" "}
        <TabLink groupId={groupId} tab="enrollments">enrollment</TabLink> has a history of its own.
      </Text>
      <HistoryList kind="group" id={groupId} timeZone={timeZone} />
    </>
  );
}

type TabLinkProps = { groupId: string; tab: "schedule" | "enrollments"; children: string };

function TabLink({ groupId, tab, children }: TabLinkProps) {
  return (
    <Anchor
      inherit
      underline="always"
      renderRoot={(props) => <Link to="/groups/$groupId" params={{ groupId }} search={{ tab }} {...props} />}
    >
      {children}
    </Anchor>
  );
}
