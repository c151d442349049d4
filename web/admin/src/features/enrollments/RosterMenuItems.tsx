import { Menu } from "@mantine/core";
import { Allowed } from "../../permissions/permissions";
import { useEnrollmentDialog } from "./useEnrollmentDialog";

/** What can be done with any enrollment that has not ended. */
export function RosterMenuItems({ enrollmentId }: { enrollmentId: string }) {
  const { show } = useEnrollmentDialog();
  return (
    <>
      <Menu.Item onClick={() => show("dates", enrollmentId)}>Change the dates …</Menu.Item>
      <Allowed to="pm.group_enrollments.create">
        <Menu.Item onClick={() => show("transfer", enrollmentId)}>Transfer to another group …</Menu.Item>
      </Allowed>
    </>
  );
}
