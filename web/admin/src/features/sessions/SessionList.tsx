import { Button, Group, SegmentedControl, Text } from "@mantine/core";
import IconChevronLeft from "@tabler/icons-react/icons/IconChevronLeft";
import IconChevronRight from "@tabler/icons-react/icons/IconChevronRight";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { counted } from "../../ui/names";
import { EmptyState } from "../../ui/states";
import type { ScheduleGroup } from "./ScheduleTab";
import { SessionTable } from "./SessionTable";
import type { Selection } from "./useSelection";

const route = getRouteApi("/groups/$groupId");

const WHEN = [
  { value: "upcoming", label: "From today" },
  { value: "past", label: "Past" },
];

type Props = { page: NonNullable<ScheduleGroup["occurrences"]>; today: string; busy: boolean; selection: Selection };

/** A page of the sessions from today on, or of those before. */
export function SessionList({ page, today, busy, selection }: Props) {
  const { when } = route.useSearch();
  const navigate = useNavigate({ from: "/groups/$groupId" });
  return (
    <section aria-label="Sessions">
      <Group justify="space-between" mb="sm">
        <SegmentedControl
          aria-label="Which sessions"
          data={WHEN}
          value={when ?? "upcoming"}
          onChange={(value) =>
            void navigate({ search: { tab: "schedule", when: value === "past" ? "past" : undefined }, replace: true })
          }
        />
        <Text size="sm" c="dimmed" role="status">
          {counted(page.totalCount, "session")}
        </Text>
      </Group>
      {page.nodes.length === 0 ? (
        <EmptyState title={when === "past" ? "No past sessions" : "No sessions from today on"} />
      ) : (
        <SessionTable sessions={page.nodes} today={today} busy={busy} selection={selection} />
      )}
      <Pages info={page.pageInfo} />
    </section>
  );
}

/**
 * The ways to the neighboring pages. Past sessions are listed backwards, so their next page is the earlier one. A button
 * that leads nowhere keeps the focus, so that a person at the keyboard stays here.
 */
function Pages({ info }: { info: Props["page"]["pageInfo"] }) {
  const { when } = route.useSearch();
  const navigate = useNavigate({ from: "/groups/$groupId" });
  if (!info.hasNextPage && !info.hasPreviousPage) return null;
  const go = (cursors: { after?: string; before?: string }) => void navigate({ search: { tab: "schedule", when, ...cursors } });
  const [previous, next] = when === "past" ? ["Later sessions", "Earlier sessions"] : ["Earlier sessions", "Later sessions"];
  return (
    <Group component="nav" aria-label="Pages of sessions" justify="space-between" mt="sm">
      <Button
        variant="default"
        leftSection={<IconChevronLeft size={16} />}
        aria-disabled={!info.hasPreviousPage}
        data-disabled={!info.hasPreviousPage || undefined}
        onClick={() => info.hasPreviousPage && go({ before: info.startCursor ?? undefined })}
      >
        {previous}
      </Button>
      <Button
        variant="default"
        rightSection={<IconChevronRight size={16} />}
        aria-disabled={!info.hasNextPage}
        data-disabled={!info.hasNextPage || undefined}
        onClick={() => info.hasNextPage && go({ after: info.endCursor ?? undefined })}
      >
        {next}
      </Button>
    </Group>
  );
}
