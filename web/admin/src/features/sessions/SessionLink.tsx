import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

type Props = {
  sessionId: string;
  /** The session's group; missing if the person may not see groups. */
  groupId: string | null | undefined;
  className?: string;
  children: ReactNode;
};

/** Leads to a session: to the Schedule tab of its group, or over this page for people who may not see the group. */
export function SessionLink({ sessionId, groupId, className, children }: Props) {
  if (groupId == null) {
    return (
      <Link
        to="."
        search={(previous) => ({ ...previous, dialog: undefined, session: sessionId })}
        resetScroll={false}
        data-session={sessionId}
        className={className}
      >
        {children}
      </Link>
    );
  }
  return (
    <Link to="/groups/$groupId" params={{ groupId }} search={{ tab: "schedule", session: sessionId }} className={className}>
      {children}
    </Link>
  );
}
