import { Text } from "@mantine/core";
import { readFragment } from "../../api/generated";
import { Dialog } from "../../ui/Dialog";
import { useKept } from "../../ui/useKept";
import { HistoryList } from "../history/HistoryList";
import { EnrollmentRowFields } from "./enrollmentRow";
import type { RosterGroup } from "./EnrollmentsTab";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

/** Who changed an enrollment, what and when. */
export function EnrollmentHistoryDialog({ group }: { group: RosterGroup }) {
  const { dialog, enrollmentId, close } = useEnrollmentDialog();
  const lists = [group.seats, group.waitlist, group.past];
  const rows = readFragment(EnrollmentRowFields, lists.flatMap((list) => list?.nodes ?? []));
  const enrollment = useKept(rows.find(({ id }) => id === enrollmentId), enrollmentId);
  return (
    <Dialog opened={dialog === "history" && enrollment !== undefined} title="History of an enrollment" onClose={close}>
      {enrollment !== undefined && (
        <>
          <Text mb="md">{enrollment.patient?.displayName}</Text>
          <HistoryList kind="enrollment" id={enrollment.id} timeZone={group.timeZone} />
        </>
      )}
    </Dialog>
  );
}
