import { ActionIcon, Group, Menu } from "@mantine/core";
import IconArrowDown from "@tabler/icons-react/icons/IconArrowDown";
import IconArrowUp from "@tabler/icons-react/icons/IconArrowUp";
import IconGripVertical from "@tabler/icons-react/icons/IconGripVertical";
import type { Ref } from "react";
import { readFragment } from "../../api/generated";
import { Allowed } from "../../permissions/permissions";
import { formatInstant } from "../../ui/times";
import { EnrollmentRowFields, stayInWords } from "./enrollmentRow";
import { PatientCell } from "./PatientCell";
import classes from "./RosterTable.module.css";
import { RosterMenu, useMayAct } from "./RosterMenu";
import { useEnrollmentDialog } from "./useEnrollmentDialog";
import { WaitingReasonFields, type Waiting } from "./Waitlist";

/** What makes a row one that can be dragged. */
export type Drag = {
  draggable: true;
  rowRef: Ref<HTMLTableRowElement>;
  handleRef: Ref<HTMLButtonElement>;
};

type Props = {
  waiting: Waiting;
  place: number;
  places: number;
  deleted: boolean;
  timeZone: string;
  moving: boolean;
  moveBy: (step: number) => void;
} & Partial<Drag>;

export function WaitlistRow(props: Props) {
  const { waiting, place, places, deleted, timeZone, moving, moveBy, draggable = false, rowRef, handleRef } = props;
  const enrollment = readFragment(EnrollmentRowFields, waiting);
  const { id, patient, waitlistedAt } = enrollment;
  const reason = readFragment(WaitingReasonFields, waiting).waitlistExplanation?.message;
  const { show } = useEnrollmentDialog();
  const mayAct = useMayAct();
  const stay = stayInWords(enrollment, timeZone);
  const stayLine = stay !== null && <div className={classes.stay}>{stay}</div>;
  const since = waitlistedAt === null ? "" : formatInstant(waitlistedAt, timeZone);
  const name = patient?.displayName ?? "";
  return (
    <tr ref={rowRef}>
      <td className={classes.place}>
        <div className={classes.grip}>
          {place}
          {draggable && (
            <ActionIcon ref={handleRef} variant="subtle" color="gray" className={classes.handle} aria-label={`Drag ${name}`}>
              <IconGripVertical size={16} />
            </ActionIcon>
          )}
        </div>
      </td>
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
      {mayAct && (
        <td className={classes.actions} aria-label={`Actions for ${name}`}>
          <Group gap={4} wrap="nowrap">
            {!deleted && (
              <Allowed to="pm.group_enrollments.edit">
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
                  disabled={place === places || moving}
                  onClick={() => moveBy(1)}
                >
                  <IconArrowDown size={16} />
                </ActionIcon>
              </Allowed>
            )}
            <RosterMenu enrollmentId={id} name={name} datesOpen={!deleted}>
              {!deleted && <Menu.Item onClick={() => show("position", id)}>Move to a place …</Menu.Item>}
              {!deleted && <Menu.Item onClick={() => show("seat", id)}>Give a seat now …</Menu.Item>}
              <Menu.Item onClick={() => show("disenroll", id)}>Take off the waitlist …</Menu.Item>
            </RosterMenu>
          </Group>
        </td>
      )}
    </tr>
  );
}
