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
    const inLabels = (fault: Fault) => ({ ...fault, message: withLabels(form, fault) });
    const atFields = faults.filter(isField).map(inLabels);
    form.setErrors(Object.fromEntries(atFields.map(({ path, message }) => [path, message])));
    setRest(faults.filter((fault) => !isField(fault)).map(inLabels));
    if (atFields[0] !== undefined && !typing) form.getInputNode(atFields[0].path)?.focus();
  }

  return [rest, show];
}

/** Return the message of a fault with the labels of the form instead of the API's names: "`from`" becomes "First day". */
function withLabels<Values extends Record<string, unknown>>(form: UseFormReturnType<Values>, { path, message }: Fault): string {
  const parent = path.slice(0, path.lastIndexOf(".") + 1);
  const labelOf = (field: string) => {
    const node = form.getInputNode(field);
    const label = node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement ? node.labels?.[0]?.textContent : null;
    return label?.replace(/\s*\*$/, "");
  };
  return message.replaceAll(/`([\w.]+)`/g, (name, field: string) => labelOf(parent + field) ?? labelOf(field) ?? name);
}
