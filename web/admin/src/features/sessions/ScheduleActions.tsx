import { Button, Group, Text } from "@mantine/core";
import IconPlus from "@tabler/icons-react/icons/IconPlus";
import { Allowed } from "../../permissions/permissions";
import type { Selection } from "./useSelection";
import { useSessionDialog } from "./useSessionDialog";

type Props = { deleted: boolean; hasRule: boolean; selection: Selection };

/** What can be done with many sessions, or with the schedule as a whole. Sessions of a deleted group are only cancelled. */
export function ScheduleActions({ deleted, hasRule, selection }: Props) {
  const { show } = useSessionDialog();
  const { size } = selection.ids;
  return (
    <Group gap="sm">
      {!deleted && (
        <Allowed to="pm.group_schedule.create">
          <Button leftSection={<IconPlus size={18} />} onClick={() => show("add-session")}>
            Add a session
          </Button>
          {hasRule && (
            <Button variant="default" onClick={() => show("generate")}>
              Generate …
            </Button>
          )}
        </Allowed>
      )}
      {!deleted && (
        <Allowed to="pm.group_schedule.edit">
          <Button variant="default" onClick={() => show("substitute")}>
            Substitute …
          </Button>
        </Allowed>
      )}
      <Allowed to="pm.group_schedule.delete">
        <Button variant="default" onClick={() => show("cancel-sessions")}>
          Cancel sessions …
        </Button>
      </Allowed>
      {size > 0 && (
        <Group gap="xs" role="status">
          <Text size="sm">{size} selected</Text>
          <Button variant="subtle" size="compact-sm" onClick={selection.clear}>
            Clear the selection
          </Button>
        </Group>
      )}
    </Group>
  );
}
