import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import type { Fault } from "../../api/faults";
import { graphql } from "../../api/generated";
import type { EnrollPatientInput, EnrollPreviewMutation } from "../../api/generated/graphql";
import { CHANGES_NOTHING, useAction } from "../../api/useAction";
import type { RosterGroup } from "./EnrollmentsTab";

const EnrollPreview = graphql(`
  mutation EnrollPreview($input: EnrollPatientInput!) {
    enrollPatient(input: $input) {
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
  }
`);

export type EnrollOutlook = NonNullable<EnrollPreviewMutation["enrollPatient"]>;
type Answer = { question: string; outlook: EnrollOutlook | null; faults: readonly Fault[] };
type Preview = { answer: Answer | null; asking: boolean };

/**
 * Ask the server what an enrollment would do, while its input is edited, and again whenever the seats or the waitlist of
 * the group change. It is a dry run of the same mutation, so it decides as the mutation will. Null asks nothing.
 */
export function useEnrollPreview(input: EnrollPatientInput | null, { enrolled, waitlisted, max }: RosterGroup["capacity"]): Preview {
  const [ask] = useAction(EnrollPreview, CHANGES_NOTHING);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const question = input === null ? null : JSON.stringify(input);
  const [settled] = useDebouncedValue(question, 250);

  useEffect(() => {
    if (settled === null || settled !== question) return;
    let outdated = false;
    void ask({ input: { ...(JSON.parse(settled) as EnrollPatientInput), dryRun: true } }).then(({ payload, faults }) => {
      if (!outdated) setAnswer({ question: settled, outlook: payload, faults: faults ?? [] });
    });
    return () => {
      outdated = true;
    };
  }, [ask, settled, question, enrolled, waitlisted, max]);

  return { answer: question === null ? null : answer, asking: question !== null && answer?.question !== question };
}
