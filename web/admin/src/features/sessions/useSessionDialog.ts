import { useNavigate, useSearch } from "@tanstack/react-router";
import { choiceIn } from "../../app/search";
import { SESSION_DIALOGS, type SessionDialog, type SessionSearch } from "./search";

/** The session and the dialog in the address. A session without a dialog shows its details. Back closes each. */
export function useSessionDialog() {
  const { dialog, session } = useSearch({ from: "__root__" });
  const navigate = useNavigate();
  const go = (change: SessionSearch & { dialog?: SessionDialog }, { replace = false } = {}) =>
    void navigate({ to: ".", search: (previous) => ({ ...previous, ...change }), replace, resetScroll: false });
  return {
    dialog: choiceIn(dialog, SESSION_DIALOGS),
    sessionId: session,
    show: (name: SessionDialog) => go({ dialog: name }),
    open: (sessionId: string) => go({ session: sessionId }),
    /** Close the dialog. The details of its session show again, if it is about one. */
    close: () => go({ dialog: undefined }, { replace: true }),
    closeSession: () => go({ dialog: undefined, session: undefined }, { replace: true }),
  };
}
