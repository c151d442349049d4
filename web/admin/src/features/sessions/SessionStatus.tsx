import { Badge } from "@mantine/core";
import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import IconCalendar from "@tabler/icons-react/icons/IconCalendar";
import IconCheck from "@tabler/icons-react/icons/IconCheck";
import IconPlayerPlay from "@tabler/icons-react/icons/IconPlayerPlay";
import IconX from "@tabler/icons-react/icons/IconX";
import classes from "./SessionStatus.module.css";
import { SESSION_STATES, type SessionState } from "./words";

const ICONS: Record<SessionState, typeof IconCheck> = {
  SCHEDULED: IconCalendar,
  IN_PROGRESS: IconPlayerPlay,
  UNDOCUMENTED: IconAlertTriangle,
  COMPLETED: IconCheck,
  CANCELLED: IconX,
};

/** The state of a session in a word. */
export function SessionStatus({ state }: { state: SessionState }) {
  const Icon = ICONS[state];
  return (
    <Badge className={classes.root} data-state={state} radius="sm" leftSection={<Icon size={13} aria-hidden />}>
      {SESSION_STATES[state]}
    </Badge>
  );
}
