import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useQuery } from "urql";
import { graphql, readFragment } from "../../api/generated";
import type { EnrollmentRowFragment } from "../../api/generated/graphql";
import type { PermissionKey } from "../../permissions/permissions";
import { Dialog } from "../../ui/Dialog";
import { AbsentRecord } from "../../ui/states";
import { useKept } from "../../ui/useKept";
import type { EnrollmentDialog as DialogName } from "../groups/search";
import { EnrollmentRowFields } from "./enrollmentRow";
import type { RosterGroup } from "./EnrollmentsTab";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

const EnrollmentById = graphql(`
  query EnrollmentById($id: ID!) {
    enrollment(id: $id) {
      id
      deletedAt
      groupDefinition {
        id
      }
      ...EnrollmentRow
    }
  }
`);

type State = "seated" | "waiting" | "ended";

const STATES: Record<State, string> = {
  seated: "has a seat in the group",
  waiting: "waits for a seat in the group",
  ended: "has left the group",
};

export const NEEDS: Record<DialogName, readonly PermissionKey[]> = {
  enroll: ["pm.group_enrollments.create"],
  disenroll: ["pm.group_enrollments.edit"],
  position: ["pm.group_enrollments.edit"],
  seat: ["pm.group_enrollments.edit"],
  reinstate: ["pm.group_enrollments.edit"],
  dates: ["pm.group_enrollments.edit"],
  transfer: ["pm.group_enrollments.create", "pm.group_enrollments.edit"],
  remove: ["pm.group_enrollments.delete"],
  history: ["pm.group_enrollments.view"],
};

type Props = {
  name: DialogName;
  group: RosterGroup;
  title: string | ((enrollment: EnrollmentRowFragment | undefined) => string);
  /** The states of an enrollment that the dialog is for; by default all of them. */
  of?: readonly State[];
  children: (enrollment: EnrollmentRowFragment, close: () => void) => ReactNode;
};

/**
 * A dialog about the enrollment in the address. The lists of the group have most of them; one on another page of its list
 * is read by its id. Once the dialog shows an enrollment, it stays, whatever others do with it.
 */
export function EnrollmentDialog({ name, group, title, of = ["seated", "waiting", "ended"], children }: Props) {
  const { dialog, enrollmentId, close } = useEnrollmentDialog();
  const id = dialog === name ? enrollmentId : undefined;
  const rows = [group.seats, group.waitlist, group.past].flatMap((list) => list?.nodes ?? []);
  const listed = readFragment(EnrollmentRowFields, rows).find((row) => row.id === id);
  const [result, read] = useQuery({
    query: EnrollmentById,
    variables: { id: id ?? "" },
    pause: id === undefined || listed !== undefined,
  });
  const enrollment = result.data?.enrollment;
  const single = enrollment?.id === id && enrollment?.groupDefinition?.id === group.id ? enrollment : null;
  const current = listed ?? (single?.deletedAt === null ? readFragment(EnrollmentRowFields, single) : undefined);
  const isFit = current !== undefined && of.includes(stateOf(current));
  const shown = useKept(isFit ? current : undefined, id);
  return (
    <Dialog opened={id !== undefined} needs={NEEDS[name]} title={typeof title === "string" ? title : title(shown)} onClose={close}>
      {shown !== undefined ? (
        children(shown, close)
      ) : current !== undefined ? (
        <Text>
          {current.patient?.displayName ?? "The patient"} {STATES[stateOf(current)]}, so there is nothing to do here.
        </Text>
      ) : (
        <AbsentRecord
          result={result}
          onRetry={() => read({ requestPolicy: "network-only" })}
          title="There is no such enrollment"
        >
          It may have been removed, or it is in another group.
        </AbsentRecord>
      )}
    </Dialog>
  );
}

function stateOf({ disenrolledAt, waitlistPosition }: EnrollmentRowFragment): State {
  if (disenrolledAt !== null) return "ended";
  return waitlistPosition === null ? "seated" : "waiting";
}
