import { Text } from "@mantine/core";
import { useState } from "react";
import { tell } from "../../activity/activity";
import type { Fault } from "../../api/faults";
import { graphql } from "../../api/generated";
import type { EnrollmentRowFragment } from "../../api/generated/graphql";
import { useAction } from "../../api/useAction";
import { DialogForm } from "../../ui/Dialog";
import { shortName } from "../../ui/names";
import { EnrollmentDialog } from "./EnrollmentDialog";
import type { RosterGroup } from "./EnrollmentsTab";

const SeatNow = graphql(`
  mutation SeatNow($input: PromoteEnrollmentInput!) {
    promoteEnrollment(input: $input) {
      enrollment {
        id
        status
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

export function SeatNowDialog({ group }: { group: RosterGroup }) {
  return (
    <EnrollmentDialog name="seat" group={group} title="Give a seat now" of={["waiting"]}>
      {(waiting, close) => <SeatNowForm waiting={waiting} capacity={group.capacity} onClose={close} />}
    </EnrollmentDialog>
  );
}

type FormProps = { waiting: EnrollmentRowFragment; capacity: RosterGroup["capacity"]; onClose: () => void };

function SeatNowForm({ waiting, capacity: { available, enrolled, max }, onClose }: FormProps) {
  const [run, running] = useAction(SeatNow);
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const name = waiting.patient?.displayName ?? "";
  const full = available === 0;

  async function submit(event: React.FormEvent): Promise<void> {
    event.preventDefault();
    const { faults: found } = await run({ input: { enrollmentId: waiting.id, allowOverCapacity: full } });
    if (found !== null) return setFaults(found);
    tell(`${shortName(name)} moved from the waitlist to a seat.`);
    onClose();
  }

  return (
    <DialogForm
      submit={full ? "Seat over capacity" : "Give a seat"}
      takesAway={full}
      running={running}
      faults={faults}
      dirty={() => false}
      onSubmit={(event) => void submit(event)}
      onClose={onClose}
    >
      <Text>
        {name} gets a seat ahead of everybody who waits at an earlier place.
        {full && ` The group is full: it will have ${enrolled + 1} patients on ${max} seats.`}
      </Text>
    </DialogForm>
  );
}
