import { ActionIcon, Group, Indicator, Popover, ScrollArea, Stack, Text, Title } from "@mantine/core";
import IconBell from "@tabler/icons-react/icons/IconBell";
import { useState } from "react";
import { useActivity } from "./activity";

const TIME = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });

/** The bell in the header. It lists every toast since the page was opened. */
export function ActivityMenu() {
  const entries = useActivity();
  const [seen, setSeen] = useState(0);
  const newest = entries[0]?.id ?? 0;
  const unseen = newest - Math.min(seen, newest);
  return (
    <Popover width={340} position="bottom-end" shadow="md" trapFocus onClose={() => setSeen(newest)}>
      <Indicator disabled={unseen === 0} size={9} offset={5} color="red">
        <Popover.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={unseen === 0 ? "Activity" : `Activity, ${unseen} new`}
          >
            <IconBell size={20} stroke={1.6} />
          </ActionIcon>
        </Popover.Target>
      </Indicator>
      <Popover.Dropdown aria-label="Activity">
        <Title order={2} size="h5" mb="xs" tabIndex={-1} data-autofocus>
          Activity
        </Title>
        {entries.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nothing yet. What you change in this tab, and what others do, is listed here.
          </Text>
        ) : (
          <ScrollArea.Autosize mah={360} viewportProps={{ tabIndex: 0 }}>
            <Stack component="ol" gap="sm" p={0} m={0} style={{ listStyle: "none" }}>
              {entries.map((entry) => (
                <Group component="li" key={entry.id} wrap="nowrap" align="baseline" gap="sm">
                  <Text size="xs" c="dimmed" component="time" dateTime={entry.at.toISOString()} style={{ flexShrink: 0 }}>
                    {TIME.format(entry.at)}
                  </Text>
                  <Text size="sm">{entry.message}</Text>
                </Group>
              ))}
            </Stack>
          </ScrollArea.Autosize>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
