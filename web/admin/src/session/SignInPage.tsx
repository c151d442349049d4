import { Alert, Button, Group, Loader, Text } from "@mantine/core";
import { SignInForm } from "./SignInForm";
import { SignInFrame } from "./SignInFrame";
import { provider } from "./settings";
import { leaveToSignIn, type SignInState } from "./signIn";
import { useSignIn } from "./useSession";

export function SignInPage() {
  const { step, fault } = useSignIn();
  if (provider === null) {
    return (
      <SignInFrame title="Sign in">
        <Text c="dimmed">Sign in to see the groups of your clinic.</Text>
        <SignInForm />
      </SignInFrame>
    );
  }
  return (
    <SignInFrame title={TITLES[step]}>
      {fault !== null && (
        <Alert color="red" title="That did not work" role="alert">
          {fault}
        </Alert>
      )}
      {step === "passed on" && <Text>Go on in the window that you came from. You can close this one.</Text>}
      {(step === "failed" || step === "signed out") && <Button onClick={() => void leaveToSignIn()}>Sign in</Button>}
      {(step === "opened" || step === "signing in" || step === "signing out") && (
        <Group role="status">
          <Loader size="sm" />
          <Text c="dimmed">Waiting for the identity provider …</Text>
        </Group>
      )}
    </SignInFrame>
  );
}

const TITLES: Record<SignInState["step"], string> = {
  opened: "Signing in",
  "signing in": "Signing in",
  "signing out": "Signing out",
  "signed out": "You have signed out",
  "passed on": "You are signed in",
  failed: "Sign in",
};
