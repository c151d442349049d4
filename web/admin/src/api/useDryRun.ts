import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import type { AnyVariables, TypedDocumentNode } from "urql";
import type { Fault } from "./faults";
import { CHANGES_NOTHING, useAction, type Outcome, type PayloadOf } from "./useAction";

type Answer<Payload> = { question: string; outcome: Outcome<Payload> };

export type DryRun<Payload> = {
  /** What the change would do; null while it is not known, and if the server would refuse it. */
  payload: Payload | null;
  /** The payload of the refusal, if the server would refuse it. */
  refused: Payload | null;
  /** Why the server would refuse it. It stays the same until the next response. */
  faults: readonly Fault[];
  asking: boolean;
};

const NO_FAULTS: readonly Fault[] = [];

/**
 * Ask the server what a mutation would do, while its input is edited, and again if the situation changes. The variables
 * must say that it is a dry run of the same mutation, so that it decides as the mutation will. Null asks nothing.
 */
export function useDryRun<Data, Variables extends AnyVariables>(
  mutation: TypedDocumentNode<Data, Variables>,
  variables: Variables | null,
  situation = "",
): DryRun<PayloadOf<Data>> {
  const [ask] = useAction(mutation, CHANGES_NOTHING);
  const [answer, setAnswer] = useState<Answer<PayloadOf<Data>> | null>(null);
  const question = variables === null ? null : JSON.stringify(variables);
  const [settled] = useDebouncedValue(question, 250);

  useEffect(() => {
    if (settled === null || settled !== question) return;
    let outdated = false;
    void ask(JSON.parse(settled) as Variables).then((outcome) => {
      if (!outdated) setAnswer({ question: settled, outcome });
    });
    return () => {
      outdated = true;
    };
  }, [ask, settled, question, situation]);

  const asking = question !== null && answer?.question !== question;
  const isKnown = !asking && question !== null;
  return {
    payload: isKnown ? (answer?.outcome.payload ?? null) : null,
    refused: isKnown ? (answer?.outcome.refused ?? null) : null,
    faults: question === null ? NO_FAULTS : (answer?.outcome.faults ?? NO_FAULTS),
    asking,
  };
}
