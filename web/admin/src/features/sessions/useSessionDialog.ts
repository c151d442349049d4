import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { SessionDialog } from "./search";

const route = getRouteApi("/groups/$groupId");

/** The session and the dialog in the address. A session without a dialog shows its details. Back closes each. */
export function useSessionDialog() {
  const { dialog, session } = route.useSearch();
  const navigate = useNavigate({ from: "/groups/$groupId" });
  return {
    dialog,
    sessionId: session,
    show: (name: SessionDialog) =>
      void navigate({ search: (previous) => ({ ...previous, dialog: name }), resetScroll: false }),
    open: (sessionId: string) =>
      void navigate({ search: (previous) => ({ ...previous, session: sessionId }), resetScroll: false }),
    /** Close the dialog. The details of its session show again, if it is about one. */
    close: () =>
      void navigate({ search: (previous) => ({ ...previous, dialog: undefined }), replace: true, resetScroll: false }),
    closeSession: () =>
      void navigate({
        search: (previous) => ({ ...previous, dialog: undefined, session: undefined }),
        replace: true,
        resetScroll: false,
      }),
  };
}
