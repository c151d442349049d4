import { Anchor } from "@mantine/core";
import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import { EmptyState, ProblemState } from "../ui/states";

export function NotFoundPage() {
  return (
    <EmptyState wholePage title="There is no such page">
      <title>Not found · Group sessions</title>
      <Anchor component={Link} to="/groups">
        All group sessions
      </Anchor>
    </EmptyState>
  );
}

/** Shows a mistake of this page's code, and errors while a part of it loads, such as after a new release. */
export function UnexpectedErrorPage({ error }: ErrorComponentProps) {
  return (
    <ProblemState
      wholePage
      title="This page has failed"
      detail={`Load it again. If that does not help, report this message: ${error instanceof Error ? error.message : String(error)}`}
      action={{ label: "Load again", run: () => location.reload() }}
    />
  );
}
