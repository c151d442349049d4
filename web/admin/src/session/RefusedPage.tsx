import { Button, Group, Stack, Text } from "@mantine/core";
import { SignInFrame } from "./SignInFrame";
import { SignInForm } from "./SignInForm";
import { claims, provider } from "./settings";
import { leaveToSignIn, signOut } from "./signIn";

/** Shows why the server accepts no token of this sign-in, for example because it names no organization. */
export function RefusedPage({ refusal }: { refusal: string }) {
  return (
    <SignInFrame title="You cannot be signed in here">
      <Stack role="alert" gap="xs">
        <Text>The server says: {refusal}</Text>
        <Text size="sm" c="dimmed">
          It looks for your organization in the claim {claims.organization}. Tell this to the administrator of your clinic.
        </Text>
      </Stack>
      {provider === null ? (
        <SignInForm />
      ) : (
        <Group>
          <Button onClick={() => void leaveToSignIn("login")}>Sign in as somebody else</Button>
          <Button variant="default" onClick={() => void signOut()}>
            Sign out
          </Button>
        </Group>
      )}
    </SignInFrame>
  );
}
