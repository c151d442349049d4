import { Text } from "@mantine/core";
import { useState } from "react";
import { tell } from "../../activity/activity";
import { tellPromotions } from "../../activity/promotions";
import type { Fault } from "../../api/faults";
import { graphql } from "../../api/generated";
import type { EnrollmentRowFragment } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { DialogForm } from "../../ui/Dialog";
import { shortName } from "../../ui/names";
import { EnrollmentDialog } from "./EnrollmentDialog";
import type { RosterGroup } from "./EnrollmentsTab";

const Remove = graphql(`
  mutation RemoveEnrollment($input: RemoveEnrollmentInput!) {
    removeEnrollment(input: $input) {
      enrollment {
        id
        deletedAt
      }
      promoted {
        id
        patient {
          id
          displayName
        }
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

/** Confirms that an enrollment was made in error. It leaves every list; only the history keeps it. */
export function RemoveDialog({ group }: { group: RosterGroup }) {
  return (
    <EnrollmentDialog name="remove" group={group} title="Remove an enrollment">
      {(enrollment, close) => <RemoveForm enrollment={enrollment} onClose={close} />}
    </EnrollmentDialog>
  );
}

function RemoveForm({ enrollment, onClose }: { enrollment: EnrollmentRowFragment; onClose: () => void }) {
  const [run, running] = useAction(Remove);
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const name = enrollment.patient?.displayName ?? "The patient";
  const seated = enrollment.disenrolledAt === null && enrollment.waitlistPosition === null;

  async function submit(): Promise<void> {
    const { payload, faults: found } = await run({ input: { enrollmentId: enrollment.id } });
    if (found !== null) return setFaults(found);
    tell(`The enrollment of ${shortName(name)} was removed.`);
    tellPromotions(payload.promoted);
    onClose();
  }

  return (
    <DialogForm
      submit="Remove"
      takesAway
      running={running}
      faults={faults}
      dirty={() => false}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      onClose={onClose}
    >
      <Text>
        Remove an enrollment only if it was made in error. It counts as if {name} had never been in the group with it, and
        leaves these lists. The history of the group keeps it.
      </Text>
      {seated && <Text>The seat becomes free. The first on the waitlist who may be seated gets it.</Text>}
      {enrollment.disenrolledAt === null && <Text>To end an enrollment that was right, disenroll the patient instead.</Text>}
    </DialogForm>
  );
}
