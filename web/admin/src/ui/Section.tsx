import { Group, Paper, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

type Props = { title: string; note?: ReactNode; framed?: boolean; children: ReactNode };

/** A part of a page with its heading. A frame holds together what is no table of its own. */
export function Section({ title, note, framed = false, children }: Props) {
  return (
    <section aria-label={title}>
      <Group gap="xs" align="baseline" mb="xs">
        <Title order={2} size="h4">
          {title}
        </Title>
        {note !== undefined && (
          <Text c="dimmed" size="sm">
            {note}
          </Text>
        )}
      </Group>
      {framed ? (
        <Paper withBorder px="md" py="sm">
          {children}
        </Paper>
      ) : (
        children
      )}
    </section>
  );
}
