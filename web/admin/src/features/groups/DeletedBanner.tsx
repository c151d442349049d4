import { Alert, Button, Text } from "@mantine/core";
import IconArrowBackUp from "@tabler/icons-react/icons/IconArrowBackUp";
import IconTrash from "@tabler/icons-react/icons/IconTrash";
import { Allowed } from "../../permissions/permissions";
import { useGroupDialog } from "./GroupActions";

/** Says what a deleted group refuses, so that nobody looks for it, and offers to restore it. */
export function DeletedBanner() {
  const show = useGroupDialog();
  return (
    <Alert color="gray" icon={<IconTrash />} title="This group is deleted" mb="lg">
      <Text size="sm">
        Until it is restored, nobody is enrolled, reinstated, given a seat or moved on the waitlist, no stay gets other dates, and no
        session is added, changed or reopened. Patients can still be disenrolled and transferred, and sessions cancelled.
      </Text>
      <Allowed
        to="pm.group_definitions.delete"
        otherwise={
          <Text size="sm" mt="xs">
            Restoring it needs pm.group_definitions.delete.
          </Text>
        }
      >
        <Button mt="sm" size="sm" variant="default" leftSection={<IconArrowBackUp size={16} />} onClick={() => show("restore")}>
          Restore
        </Button>
      </Allowed>
    </Alert>
  );
}
