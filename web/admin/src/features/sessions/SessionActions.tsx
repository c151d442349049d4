import { Button, Group } from "@mantine/core";
import type { OccurrenceStatus } from "../../api/generated/graphql";
import { Allowed } from "../../permissions/permissions";
import { useSessionDialog } from "./useSessionDialog";

/** What the server would accept: a documented or cancelled session is only reopened, and one of a deleted group cancelled. */
export function SessionActions({ status, deleted }: { status: OccurrenceStatus; deleted: boolean }) {
  const { show } = useSessionDialog();
  const scheduled = status === "SCHEDULED";
  return (
    <Group gap="sm">
      {scheduled && !deleted && (
        <Allowed to="pm.group_schedule.edit">
          <Button variant="default" onClick={() => show("move-session")}>
            Move …
          </Button>
          <Button variant="default" onClick={() => show("edit-session")}>
            Edit …
          </Button>
        </Allowed>
      )}
      {scheduled && (
        <Allowed to="pm.group_schedule.delete">
          <Button variant="default" onClick={() => show("cancel-session")}>
            Cancel the session …
          </Button>
        </Allowed>
      )}
      {!scheduled && !deleted && (
        <Allowed to="pm.group_schedule.edit">
          <Button variant="default" onClick={() => show("reopen-session")}>
            Reopen …
          </Button>
        </Allowed>
      )}
    </Group>
  );
}
