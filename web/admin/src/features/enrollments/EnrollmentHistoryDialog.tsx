import { Text } from "@mantine/core";
import { HistoryList } from "../history/HistoryList";
import { EnrollmentDialog } from "./EnrollmentDialog";
import type { RosterGroup } from "./EnrollmentsTab";

/** Who changed an enrollment, what and when. */
export function EnrollmentHistoryDialog({ group }: { group: RosterGroup }) {
  return (
    <EnrollmentDialog name="history" group={group} title="History of an enrollment">
      {(enrollment) => (
        <>
          <Text mb="md">{enrollment.patient?.displayName}</Text>
          <HistoryList kind="enrollment" id={enrollment.id} timeZone={group.timeZone} />
        </>
      )}
    </EnrollmentDialog>
  );
}
