import { Alert, Button, List, Text } from "@mantine/core";
import IconCalendarExclamation from "@tabler/icons-react/icons/IconCalendarExclamation";
import type { DriftQuery, DriftReason } from "../../api/generated/graphql";
import { Allowed } from "../../permissions/permissions";
import { counted } from "../../ui/names";
import { DRIFT_REASONS } from "./occurrenceChanges";
import classes from "./ImpactPanel.module.css";
import { useSessionDialog } from "./useSessionDialog";

type Drift = NonNullable<DriftQuery["groupDefinition"]>["scheduleDrift"];

/** Says that the calendar differs from the group's definition, and how. Nothing shows if it does not. */
export function DriftBanner({ drift: { count, items } }: { drift: Drift }) {
  const { show } = useSessionDialog();
  if (count === 0) return null;
  const counts = new Map<DriftReason, number>();
  for (const reason of items.flatMap(({ reasons }) => reasons)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return (
    <Alert
      className={classes.alert}
      color="orange"
      role="status"
      icon={<IconCalendarExclamation />}
      title={`The calendar differs from the group's definition in ${counted(count, "session")}`}
    >
      <List size="sm">
        {[...counts].map(([reason, concerned]) => (
          <List.Item key={reason}>{DRIFT_REASONS[reason](concerned)}</List.Item>
        ))}
      </List>
      <Allowed
        to="pm.group_schedule.edit"
        otherwise={
          <Text size="sm" c="dimmed" mt="xs">
            Reconciling them needs pm.group_schedule.edit.
          </Text>
        }
      >
        <Button mt="sm" variant="default" size="sm" onClick={() => show("reconcile")}>
          Preview reconciling …
        </Button>
      </Allowed>
    </Alert>
  );
}
