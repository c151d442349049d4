import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { SignInForm } from "./SignInForm";
import { provider } from "./settings";
import { openSignInWindow, signOut } from "./signIn";
import { useSession, useSignIn } from "./useSession";

/** Covers the page if the server refuses the token. Everything that is typed stays, and goes on after signing in. */
export function SignInAgain() {
  const { refusal, renewing } = useSession();
  return (
    <Modal
      opened={refusal !== null && !renewing}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session has ended"
      centered
    >
      <Stack>
        <Alert color="yellow" title="Sign in to go on">
          Nothing that you typed is lost. The server says: {refusal}
        </Alert>
        {provider === null ? <SignInForm /> : <SignInByWindow />}
        <Group justify="center">
          <Button variant="subtle" onClick={() => void signOut()}>
            Sign out and leave this page
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function SignInByWindow() {
  const { fault, windowOpened } = useSignIn();
  return (
    <>
      {fault !== null && (
        <Alert color="red" title="That did not work" role="alert">
          {fault}
        </Alert>
      )}
      <Button onClick={openSignInWindow} data-autofocus>
        {windowOpened ? "Open the window again" : "Sign in"}
      </Button>
      {windowOpened && (
        <Text size="sm" c="dimmed" role="status">
          Sign in with your identity provider in the window that has opened. This page then goes on by itself.
        </Text>
      )}
    </>
  );
}
