import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

type Props = {
  sessionId: string;
  /** The session's group; missing if the person may not see groups. Then the session has no page to open on. */
  groupId: string | null | undefined;
  className?: string;
  children: ReactNode;
};

/** Leads to a session: to the Schedule tab of its group, with the session open. */
export function SessionLink({ sessionId, groupId, className, children }: Props) {
  if (groupId == null) return <span className={className}>{children}</span>;
  return (
    <Link to="/groups/$groupId" params={{ groupId }} search={{ tab: "schedule", session: sessionId }} className={className}>
      {children}
    </Link>
  );
}
