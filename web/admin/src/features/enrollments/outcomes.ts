// What happens to each patient of a mutation that names several, in words.

import { tell } from "../../activity/activity";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { PatientOutcomeFragment } from "../../api/generated/graphql";
import { FaultFields, faultOf } from "../../api/faults";
import { counted, shortName } from "../../ui/names";

export const PatientOutcomeFields = graphql(`
  fragment PatientOutcome on EnrollmentResult {
    id
    decision {
      status
      waitlistPosition
    }
    conflicts {
      message
      occurrences {
        id
        groupDefinition {
          id
          name
        }
      }
    }
    userErrors {
      ...Fault
    }
  }
`);

export type OutcomeRef = FragmentType<typeof PatientOutcomeFields>;

/** One patient of a mutation that names several. The id is the one in its input. */
export type Named = { id: string; name: string; number: string };

/** Return why a patient was refused; null if the patient was not. */
export function refusalOf({ userErrors }: PatientOutcomeFragment): string | null {
  return userErrors.length === 0 ? null : readFragment(FaultFields, userErrors).map((error) => faultOf(error).message).join(" ");
}

export function isSeated({ decision }: PatientOutcomeFragment): boolean {
  return decision?.status === "ENROLLED";
}

const MOST_TOASTS = 4;

/** Tell what has happened to each patient; of many, how many have a seat and how many wait. */
export function tellOutcomes(patients: readonly Named[], results: readonly OutcomeRef[], where = ""): void {
  const outcomes = readFragment(PatientOutcomeFields, results);
  const done = outcomes.filter((outcome) => refusalOf(outcome) === null);
  if (done.length > MOST_TOASTS) {
    const seated = done.filter(isSeated).length;
    tell(`${counted(seated, "patient")} got a seat${where}, and ${counted(done.length - seated, "patient")} a place on the waitlist.`);
  } else {
    for (const [index, outcome] of outcomes.entries()) {
      const name = shortName(patients[index]?.name ?? "A patient");
      if (refusalOf(outcome) !== null) continue;
      const place = outcome.decision?.waitlistPosition ?? null;
      tell(place === null ? `${name} has a seat${where}.` : `${name} is at place ${place} of the waitlist${where}.`);
    }
  }
}
