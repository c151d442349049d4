import { useMatch, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { usePermissions } from "../../permissions/permissions";
import { useKept } from "../../ui/useKept";

const SessionDialogs = lazy(() => import("./SessionDialogs"));

/** The session of the address over any screen, for people who may not see its group. The group's page shows its own. */
export function SessionOverPage() {
  const { session } = useSearch({ from: "__root__" });
  const isGroupPage = useMatch({ from: "/groups/$groupId", shouldThrow: false }) !== undefined;
  const may = usePermissions();
  const shown = useKept(session, "session") !== undefined; // stays mounted while it closes
  if (isGroupPage || !shown || !may("pm.group_schedule.view")) return null;
  return (
    <Suspense>
      <SessionDialogs groupId={null} deleted={false} />
    </Suspense>
  );
}
