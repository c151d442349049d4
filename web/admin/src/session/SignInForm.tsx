import { Button, PasswordInput, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { cleanToken, signIn } from "./token";

export function SignInForm() {
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { token: "" },
    validate: {
      token: (value) => (cleanToken(value) === null ? "This is not a token. A token has three parts, separated by dots." : null),
    },
  });
  return (
    <form onSubmit={form.onSubmit(({ token }) => signIn(cleanToken(token)!))} autoComplete="off" noValidate>
      <Stack>
        <PasswordInput
          label="Token"
          description="Open a sign-in link that the server printed, or paste a token from “group-sessions token”. The page keeps it in memory until you close or reload it."
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          visibilityToggleButtonProps={{ "aria-label": "Show the token" }}
          key={form.key("token")}
          {...form.getInputProps("token")}
        />
        <Button type="submit">Sign in</Button>
      </Stack>
    </form>
  );
}
