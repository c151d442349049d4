import { Box, Group, Title } from "@mantine/core";
import type { ReactNode } from "react";

type Props = {
  title: string;
  /** The title of the browser's tab, which its history stores. By default the heading. */
  tabTitle?: string;
  below?: ReactNode;
  actions?: ReactNode;
};

/** The heading of a page, and the title of the browser's tab. */
export function PageHeader({ title, tabTitle = title, below, actions }: Props) {
  return (
    <Group justify="space-between" align="flex-start" mb="lg">
      <title>{`${tabTitle} · Group sessions`}</title>
      <Box miw={0} flex="1 1 300px">
        <Title order={1} size="h2">
          {title}
        </Title>
        {below}
      </Box>
      {actions !== undefined && <Group gap="sm">{actions}</Group>}
    </Group>
  );
}
