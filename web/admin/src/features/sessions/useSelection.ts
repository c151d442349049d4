import { useState } from "react";

export type Selection = {
  ids: ReadonlySet<string>;
  toggle: (ids: readonly string[], selected: boolean) => void;
  clear: () => void;
};

/** Return the selected sessions, also those on other pages of the list. */
export function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  return {
    ids,
    toggle: (changed, selected) =>
      setIds((before) => {
        const after = new Set(before);
        for (const id of changed) {
          if (selected) after.add(id);
          else after.delete(id);
        }
        return after;
      }),
    clear: () => setIds(new Set()),
  };
}
