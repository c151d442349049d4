import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { ClosureDialog } from "./search";

const route = getRouteApi("/closures");

/** The dialog in the address: which one is open, and for which closure. Back closes it. */
export function useClosureDialog() {
  const { dialog, closure } = route.useSearch();
  const navigate = useNavigate({ from: "/closures" });
  return {
    dialog,
    closureId: closure,
    show: (name: ClosureDialog, closureId?: string) =>
      void navigate({ search: (previous) => ({ ...previous, dialog: name, closure: closureId }), resetScroll: false }),
    close: () =>
      void navigate({
        search: (previous) => ({ ...previous, dialog: undefined, closure: undefined }),
        replace: true,
        resetScroll: false,
      }),
  };
}
