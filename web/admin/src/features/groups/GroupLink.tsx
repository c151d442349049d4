import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";

/** The name of a group, which leads to its page. */
export function GroupLink({ group: { id, name } }: { group: { id: string; name: string } }) {
  return (
    <Anchor inherit renderRoot={(props) => <Link to="/groups/$groupId" params={{ groupId: id }} {...props} />}>
      {name}
    </Anchor>
  );
}
