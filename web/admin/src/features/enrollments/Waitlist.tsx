import { Text } from "@mantine/core";
import { lazy, Suspense, useEffect, useRef, type ReactNode } from "react";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { usePermissions } from "../../permissions/permissions";
import { EnrollmentRowFields } from "./enrollmentRow";
import { useMayAct } from "./RosterMenu";
import classes from "./RosterTable.module.css";
import { useWaitlistOrder } from "./useWaitlistOrder";
import { WaitlistRow, type Drag } from "./WaitlistRow";

export const WaitingReasonFields = graphql(`
  fragment WaitingReason on Enrollment {
    id
    waitlistExplanation {
      message
    }
  }
`);

const DraggableRows = lazy(() => import("./DraggableRows"));

export type Waiting = FragmentType<typeof EnrollmentRowFields> & FragmentType<typeof WaitingReasonFields>;
type Props = {
  enrollments: readonly Waiting[];
  places: number;
  timeZone: string;
  deleted: boolean;
};

export function Waitlist({ enrollments, places, timeZone, deleted }: Props) {
  const may = usePermissions();
  const mayAct = useMayAct();
  const firstPlace = firstPlaceOf(enrollments) ?? 1;
  const { shown, move, moving } = useWaitlistOrder(enrollments, firstPlace);
  const keepFocus = useFocusOfMovedRow(shown.map(idOf).join(), moving);
  if (shown.length === 0) return <Text c="dimmed">Nobody waits. New patients join here while the group is full.</Text>;

  const row = (waiting: Waiting, index: number, drag?: Drag): ReactNode => (
    <WaitlistRow
      key={idOf(waiting)}
      waiting={waiting}
      place={firstPlace + index}
      places={places}
      deleted={deleted}
      timeZone={timeZone}
      moving={moving}
      moveBy={(step) => {
        keepFocus(idOf(waiting), step);
        void move(waiting, firstPlace + index + step);
      }}
      {...drag}
    />
  );
  const plainRows = shown.map((waiting, index) => row(waiting, index));
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th className={classes.place}>Place</th>
          <th>Patient</th>
          <th className={classes.wide}>Waiting since</th>
          <th className={classes.wide}>Why</th>
          {mayAct && <th className={classes.actions}>Actions</th>}
        </tr>
      </thead>
      <tbody>
        {may("pm.group_enrollments.edit") && !deleted && shown.length > 1 ? (
          <Suspense fallback={plainRows}>
            <DraggableRows
              rows={shown}
              firstPlace={firstPlace}
              disabled={moving}
              onMove={(waiting, place) => void move(waiting, place)}
            >
              {row}
            </DraggableRows>
          </Suspense>
        ) : (
          plainRows
        )}
      </tbody>
    </table>
  );
}

/** Return where a page of the waitlist begins. Counting pages does not tell, because moving a patient to another page changes it. */
export function firstPlaceOf([first]: readonly Waiting[]): number | null {
  return first === undefined ? null : readFragment(EnrollmentRowFields, first).waitlistPosition;
}

function idOf(waiting: Waiting): string {
  return readFragment(EnrollmentRowFields, waiting).id;
}

/** Keeps the focus on the button that moved a row, after the row has moved; at the end of the list, on the other one. */
function useFocusOfMovedRow(order: string, moving: boolean): (id: string, step: number) => void {
  const moved = useRef<{ id: string; step: number } | null>(null);
  useEffect(() => {
    if (moved.current === null || moving) return; // the buttons are disabled while it moves
    const { id, step } = moved.current;
    moved.current = null;
    const [same, other] = (step < 0 ? ["up", "down"] : ["down", "up"]).map((name) => document.getElementById(`${name}-${id}`));
    (same?.matches(":disabled") ? other : same)?.focus();
  }, [order, moving]);
  return (id, step) => {
    moved.current = { id, step };
  };
}
