import { Center, Paper, Stack, Text, Title } from "@mantine/core";
import { SignInForm } from "./SignInForm";

export function SignInPage() {
  return (
    <Center component="main" mih="100dvh" p="md">
      <title>Sign in · Group sessions</title>
      <Paper withBorder radius="md" p="xl" w="100%" maw={440}>
        <Stack gap="lg">
          <div>
            <Title order={1} size="h2">
              Group sessions
            </Title>
            <Text c="dimmed">Sign in to see the groups of your clinic.</Text>
          </div>
          <SignInForm />
        </Stack>
      </Paper>
    </Center>
  );
}
