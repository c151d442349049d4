import { useEffect, useEffectEvent } from "react";

const forms = new Set<() => boolean>();

/** Count a form among those that could lose something typed, while its component is shown. */
export function useDirtyForm(dirty: () => boolean): void {
  const isDirty = useEffectEvent(dirty);
  useEffect(() => {
    const form = () => isDirty();
    forms.add(form);
    return () => void forms.delete(form);
  }, []);
}

/** Return whether a form on the page has changes that are not saved. */
export function isAnythingTyped(): boolean {
  return [...forms].some((dirty) => dirty());
}
