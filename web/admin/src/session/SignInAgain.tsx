import { Alert, Button, Group, Modal, Stack } from "@mantine/core";
import { SignInForm } from "./SignInForm";
import { signOut } from "./token";
import { useSession } from "./useSession";

/** Covers the page if the server refuses the token. Everything that is typed stays, and goes on after signing in. */
export function SignInAgain() {
  const { refusal } = useSession();
  return (
    <Modal
      opened={refusal !== null}
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
        <SignInForm />
        <Group justify="center">
          <Button variant="subtle" onClick={signOut}>
            Sign out and leave this page
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
