import type { UseFormReturnType } from "@mantine/form";
import { useState } from "react";
import type { Fault } from "../api/faults";

/**
 * Return the faults that belong to no field of a form, and a function that shows the faults of an attempt: each at its
 * field, if the form has a field at that path. The first such field gets the focus, unless the person is still typing.
 */
export function useFaults<Values extends Record<string, unknown>>(
  form: UseFormReturnType<Values>,
): [rest: readonly Fault[], show: (faults: readonly Fault[], options?: { typing: boolean }) => void] {
  const [rest, setRest] = useState<readonly Fault[]>([]);

  function show(faults: readonly Fault[], { typing } = { typing: false }): void {
    const isField = ({ path }: Fault) => form.getInputNode(path) !== null;
    const atFields = faults.filter(isField);
    form.setErrors(Object.fromEntries(atFields.map(({ path, message }) => [path, message])));
    setRest(faults.filter((fault) => !isField(fault)));
    if (atFields[0] !== undefined && !typing) form.getInputNode(atFields[0].path)?.focus();
  }

  return [rest, show];
}
