import { Center, Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** The page of a person who is not signed in. */
export function SignInFrame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Center component="main" mih="100dvh" p="md">
      <title>{`${title} · Group sessions`}</title>
      <Paper withBorder radius="md" p="xl" w="100%" maw={440}>
        <Stack gap="lg">
          <div>
            <Text c="dimmed" size="sm" fw={600}>
              Group sessions
            </Text>
            <Title order={1} size="h2">
              {title}
            </Title>
          </div>
          {children}
        </Stack>
      </Paper>
    </Center>
  );
}
