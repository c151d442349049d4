import { ActionIcon, Group, Menu, Text } from "@mantine/core";
import IconArrowDown from "@tabler/icons-react/icons/IconArrowDown";
import IconArrowUp from "@tabler/icons-react/icons/IconArrowUp";
import IconDots from "@tabler/icons-react/icons/IconDots";
import { useEffect, useRef } from "react";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { Allowed } from "../../permissions/permissions";
import { formatInstant } from "../../ui/times";
import { EnrollmentRowFields, stayInWords } from "./enrollmentRow";
import { PatientCell } from "./PatientCell";
import classes from "./RosterTable.module.css";
import { useEnrollmentDialog } from "./useEnrollmentDialog";
import { useMove } from "./useMove";

const WaitingReasonFields = graphql(`
  fragment WaitingReason on Enrollment {
    id
    waitlistExplanation {
      message
    }
  }
`);

type Waiting = FragmentType<typeof EnrollmentRowFields> & FragmentType<typeof WaitingReasonFields>;
type Props = { enrollments: readonly Waiting[]; timeZone: string };

export function Waitlist({ enrollments, timeZone }: Props) {
  const rows = readFragment(EnrollmentRowFields, enrollments);
  const reasons = readFragment(WaitingReasonFields, enrollments);
  const { show } = useEnrollmentDialog();
  const [move, moving] = useMove();
  const keepFocus = useFocusOfMovedRow(rows.map(({ id }) => id).join());
  if (rows.length === 0) return <Text c="dimmed">Nobody waits. New patients join here while the group is full.</Text>;
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th className={classes.place}>Place</th>
          <th>Patient</th>
          <th className={classes.wide}>Waiting since</th>
          <th className={classes.wide}>Why</th>
          <Allowed to="pm.group_enrollments.edit">
            <th className={classes.actions}>Actions</th>
          </Allowed>
        </tr>
      </thead>
      <tbody>
        {rows.map((enrollment, index) => {
          const { id, patient, waitlistPosition, waitlistedAt } = enrollment;
          const reason = reasons[index]?.waitlistExplanation?.message;
          const stay = stayInWords(enrollment, timeZone);
          const stayLine = stay !== null && <div className={classes.stay}>{stay}</div>;
          const since = waitlistedAt === null ? "" : formatInstant(waitlistedAt, timeZone);
          const name = patient?.displayName ?? "";
          const place = waitlistPosition ?? 0;
          const moveBy = (step: number) => {
            keepFocus(id, step);
            void move({ id, name, position: place + step });
          };
          return (
            <tr key={id}>
              <td className={classes.place}>{place}</td>
              <PatientCell enrollment={enrollment}>
                waiting since {since}
                {stayLine}
                <div>{reason}</div>
              </PatientCell>
              <td className={classes.wide}>
                {since}
                {stayLine}
              </td>
              <td className={classes.wide}>{reason}</td>
              <Allowed to="pm.group_enrollments.edit">
                <td className={classes.actions}>
                  <Group gap={4} wrap="nowrap">
                    <ActionIcon
                      id={`up-${id}`}
                      variant="default"
                      aria-label={`Move ${name} up`}
                      disabled={place === 1 || moving}
                      onClick={() => moveBy(-1)}
                    >
                      <IconArrowUp size={16} />
                    </ActionIcon>
                    <ActionIcon
                      id={`down-${id}`}
                      variant="default"
                      aria-label={`Move ${name} down`}
                      disabled={place === rows.length || moving}
                      onClick={() => moveBy(1)}
                    >
                      <IconArrowDown size={16} />
                    </ActionIcon>
                    <Menu position="bottom-end" shadow="md">
                      <Menu.Target>
                        <ActionIcon variant="default" aria-label={`More for ${name}`}>
                          <IconDots size={16} />
                        </ActionIcon>
                      </Menu.Target>
                      <Menu.Dropdown>
                        <Menu.Item onClick={() => show("position", id)}>Move to a place …</Menu.Item>
                        <Menu.Item onClick={() => show("seat", id)}>Give a seat now …</Menu.Item>
                        <Menu.Item onClick={() => show("disenroll", id)}>Take off the waitlist …</Menu.Item>
                      </Menu.Dropdown>
                    </Menu>
                  </Group>
                </td>
              </Allowed>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Keeps the focus on the button that moved a row, after the row has moved; at the end of the list, on the other one. */
function useFocusOfMovedRow(order: string): (id: string, step: number) => void {
  const moved = useRef<{ id: string; step: number } | null>(null);
  useEffect(() => {
    if (moved.current === null) return;
    const { id, step } = moved.current;
    moved.current = null;
    const [same, other] = (step < 0 ? ["up", "down"] : ["down", "up"]).map((name) => document.getElementById(`${name}-${id}`));
    (same?.matches(":disabled") ? other : same)?.focus();
  }, [order]);
  return (id, step) => {
    moved.current = { id, step };
  };
}
