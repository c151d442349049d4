import { choiceIn, textIn } from "../../app/search";
import { SESSION_DIALOGS, type SessionDialog } from "../sessions/search";

const DIALOGS = ["add", "edit", "delete", "sessions"] as const;
export type ClosureDialog = (typeof DIALOGS)[number];

/** The search parameters of the list of closures. The dialog is in them, so that Back closes it. */
export type ClosuresSearch = {
  dialog?: ClosureDialog | SessionDialog;
  /** The closure that the dialog is about. */
  closure?: string;
};

export function closuresSearch(search: Record<string, unknown>): ClosuresSearch {
  return { dialog: choiceIn(search["dialog"], [...DIALOGS, ...SESSION_DIALOGS]), closure: textIn(search["closure"]) };
}
