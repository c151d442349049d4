import { choiceIn, textIn } from "../../app/search";

export const SESSION_DIALOGS = [
  "add-session",
  "edit-session",
  "move-session",
  "cancel-session",
  "reopen-session",
  "generate",
  "substitute",
  "cancel-sessions",
  "reconcile",
] as const;
export type SessionDialog = (typeof SESSION_DIALOGS)[number];

const WHEN = ["past"] as const;

/** The search parameters of the Schedule tab, beside the dialog. */
export type ScheduleSearch = {
  /** The sessions of the list; by default those from today on. */
  when?: (typeof WHEN)[number];
  /** The cursor that the page of the list follows, or precedes. */
  after?: string;
  before?: string;
};

/** The search parameters of every screen for the session that is open, and the dialog, which may be another screen's. */
export type SessionSearch = { session?: string; dialog?: string };

export function sessionSearch(search: Record<string, unknown>): SessionSearch {
  return { session: textIn(search["session"]), dialog: textIn(search["dialog"]) };
}

export function scheduleSearch(search: Record<string, unknown>): ScheduleSearch {
  return {
    when: choiceIn(search["when"], WHEN),
    after: textIn(search["after"]),
    before: textIn(search["before"]),
  };
}
