import { Accessibility, StyleInjector, type DragEndEvent, type DragOverEvent, type DragStartEvent } from "@dnd-kit/dom";
import { DragDropProvider } from "@dnd-kit/react";
import { isSortable, useSortable } from "@dnd-kit/react/sortable";
import { useState, type ReactNode } from "react";
import { styleNonce } from "../../app/address";
import { readFragment } from "../../api/generated";
import { EnrollmentRowFields } from "./enrollmentRow";
import type { Waiting } from "./Waitlist";
import type { Drag } from "./WaitlistRow";

type Operation = Pick<DragStartEvent | DragOverEvent | DragEndEvent, "operation">;

const ACCESSIBILITY = Accessibility.configure({
  id: "waitlist",
  screenReaderInstructions: {
    draggable:
      "Press Space to pick the patient up, the arrow keys to move to another place, Space again to drop, and Escape to cancel.",
  },
  announcements: {
    dragstart: (event: Operation) => `${nameIn(event)} is picked up from place ${placeIn(event)}.`,
    // The rows change their places after this event, so the new place is still that of the row below.
    dragover: (event: Operation) => {
      const { source, target } = event.operation;
      return isSortable(target) && target.id !== source?.id ? `${nameIn(event)} is over place ${Number(source?.data["firstPlace"]) + target.index}.` : undefined;
    },
    dragend: (event: DragEndEvent) =>
      event.canceled ? `${nameIn(event)} stays where they were.` : `${nameIn(event)} is dropped at place ${placeIn(event)}.`,
  },
});

type Props = {
  rows: readonly Waiting[];
  firstPlace: number;
  disabled: boolean;
  onMove: (waiting: Waiting, place: number) => void;
  children: (waiting: Waiting, index: number, drag: Drag) => ReactNode;
};

/** The rows of a table, which are dragged by a handle: with a pointer, or with the keyboard and announcements. */
export default function DraggableRows({ rows, firstPlace, disabled, onMove, children }: Props) {
  const [before, setBefore] = useState<readonly Waiting[] | null>(null);
  const shown = before ?? rows; // what others change waits until the row is dropped

  const drop = ({ operation: { source }, canceled }: DragEndEvent) => {
    setBefore(null);
    const waiting = shown.find((row) => idOf(row) === source?.id);
    if (canceled || waiting === undefined || !isSortable(source) || source.index === source.initialIndex) return;
    onMove(waiting, firstPlace + source.index);
  };

  return (
    <DragDropProvider
      plugins={(plugins) => [...plugins, ACCESSIBILITY, StyleInjector.configure({ nonce: styleNonce })]}
      onBeforeDragStart={() => setBefore(rows)}
      onDragEnd={drop}
    >
      {shown.map((waiting, index) => (
        <Draggable key={idOf(waiting)} waiting={waiting} index={index} firstPlace={firstPlace} disabled={disabled}>
          {children}
        </Draggable>
      ))}
    </DragDropProvider>
  );
}

type DraggableProps = { waiting: Waiting; index: number } & Pick<Props, "firstPlace" | "disabled" | "children">;

function Draggable({ waiting, index, firstPlace, disabled, children }: DraggableProps) {
  const { id, patient } = readFragment(EnrollmentRowFields, waiting);
  const { ref, handleRef } = useSortable({ id, index, disabled, data: { name: patient?.displayName ?? "The patient", firstPlace } });
  return children(waiting, index, { draggable: true, rowRef: ref, handleRef });
}

function idOf(waiting: Waiting): string {
  return readFragment(EnrollmentRowFields, waiting).id;
}

function nameIn({ operation: { source } }: Operation): string {
  return String(source?.data["name"]);
}

function placeIn({ operation: { source } }: Operation): number {
  return isSortable(source) ? Number(source.data["firstPlace"]) + source.index : 0;
}
