import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";

type Props = {
  sessionId: string;
  /** The name of the link for screen readers, in lists of many sessions. */
  label?: string;
};

export function SignInSheetLink({ sessionId, label }: Props) {
  return (
    <Anchor
      size="sm"
      w="max-content"
      aria-label={label}
      renderRoot={(props) => <Link to="/sessions/$sessionId/sign-in-sheet" params={{ sessionId }} {...props} />}
    >
      Sign-in sheet
    </Anchor>
  );
}
