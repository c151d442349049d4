import type { UseFormReturnType } from "@mantine/form";
import { useEffect, useEffectEvent, useState } from "react";
import type { AnyVariables, TypedDocumentNode } from "urql";
import type { Fault } from "../../api/faults";
import { useAction, type PayloadOf } from "../../api/useAction";
import { useDryRun, type DryRun } from "../../api/useDryRun";
import { useFaults } from "../../ui/useFaults";

type PreviewedForm<Payload, Variables> = {
  dryRun: DryRun<Payload>;
  /** The faults that belong to no field. */
  faults: readonly Fault[];
  running: boolean;
  /** Make the change. Return null if the server refused it; its faults then show. */
  confirm: (variables: Variables) => Promise<Payload | null>;
};

/**
 * Return what a form's mutation would do, as its fields change, and a function that makes the change. The faults of
 * both show at the fields.
 */
export function usePreviewedForm<Data, Variables extends AnyVariables, Values extends Record<string, unknown>>(
  form: UseFormReturnType<Values>,
  mutation: TypedDocumentNode<Data, Variables>,
  preview: NoInfer<Variables> | null,
): PreviewedForm<PayloadOf<Data>, NoInfer<Variables>> {
  const [run, running] = useAction(mutation);
  const [done, setDone] = useState(false);
  const [faults, showFaults] = useFaults(form);
  const dryRun = useDryRun(mutation, done ? null : preview);
  const showPreviewed = useEffectEvent((previewed: readonly Fault[]) => showFaults(previewed, { typing: true }));
  useEffect(() => showPreviewed(dryRun.faults), [dryRun.faults]);

  async function confirm(variables: Variables): Promise<PayloadOf<Data> | null> {
    const outcome = await run(variables);
    if (outcome.faults !== null) {
      showFaults(outcome.faults);
      return null;
    }
    setDone(true);
    form.resetDirty();
    return outcome.payload;
  }

  return { dryRun, faults, running, confirm };
}
