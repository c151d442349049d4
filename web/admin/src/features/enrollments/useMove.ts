import { tell } from "../../activity/activity";
import { graphql } from "../../api/generated";
import { useAction, type Outcome } from "../../api/useAction";
import type { MoveWaitlistedMutation } from "../../api/generated/graphql";
import { shortName } from "../../ui/names";

const MoveWaitlisted = graphql(`
  mutation MoveWaitlisted($input: MoveWaitlistedEnrollmentInput!) {
    moveWaitlistedEnrollment(input: $input) {
      enrollment {
        id
        waitlistPosition
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

type Move = { id: string; name: string; position: number };
type MoveOutcome = Outcome<NonNullable<MoveWaitlistedMutation["moveWaitlistedEnrollment"]>>;

/** Return a function that moves a waiting patient and tells the outcome, and whether it is running. */
export function useMove(): [move: (move: Move) => Promise<MoveOutcome>, running: boolean] {
  const [run, running] = useAction(MoveWaitlisted);

  async function move({ id, name, position }: Move): Promise<MoveOutcome> {
    const outcome = await run({ input: { enrollmentId: id, position } });
    const place = outcome.payload?.enrollment?.waitlistPosition;
    if (outcome.faults === null) tell(`${shortName(name)} is at place ${place} of the waitlist now.`);
    else {
      const reasons = outcome.faults.map(({ message }) => message).join(" ");
      tell(`${shortName(name)} was not moved, and the order is as it was. ${reasons}`, "failed");
    }
    return outcome;
  }

  return [move, running];
}
