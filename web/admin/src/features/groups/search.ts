import { choiceIn, choicesIn, dayIn, flagIn, textIn, textsIn } from "../../app/search";
import type { CapacityStatus, GroupType } from "../../api/generated/graphql";
import { scheduleSearch, SESSION_DIALOGS, type ScheduleSearch, type SessionDialog } from "../sessions/search";
import { CAPACITY_STATUSES, codesOf, GROUP_TYPES } from "./words";

const COLUMNS = ["name", "next", "seats", "waiting", "compliance"] as const;
export type SortColumn = (typeof COLUMNS)[number];
export type Sort = SortColumn | `-${SortColumn}`;
export const SORTS: readonly Sort[] = COLUMNS.flatMap((column) => [column, `-${column}`] as const);

/** The search parameters of the list of groups. */
export type GroupsSearch = {
  search?: string;
  type?: GroupType[];
  seats?: CapacityStatus[];
  /** The id of the staff member who leads or co-leads. */
  facilitator?: string;
  deleted?: true;
  sort?: Sort;
  /** The cursors of the pages before the shown one, and its own, so that the page can be shared and left by Back. */
  pages?: string[];
};

export function groupsSearch(search: Record<string, unknown>): GroupsSearch {
  return {
    search: textIn(search["search"]),
    type: choicesIn(search["type"], codesOf(GROUP_TYPES)),
    seats: choicesIn(search["seats"], codesOf(CAPACITY_STATUSES)),
    deleted: flagIn(search["deleted"]),
    sort: choiceIn(search["sort"], SORTS),
    facilitator: textIn(search["facilitator"]),
    pages: textsIn(search["pages"]),
  };
}

const TABS = ["enrollments", "schedule", "compliance", "history", "details"] as const;
const ENROLLMENT_DIALOGS = ["enroll", "disenroll", "position", "seat", "reinstate", "dates", "transfer", "remove", "history"] as const;
const GROUP_DIALOGS = ["delete", "restore"] as const;
export type EnrollmentDialog = (typeof ENROLLMENT_DIALOGS)[number];

/** The search parameters of a group's page. The dialog is in them, so that Back closes it. */
export type GroupSearch = ScheduleSearch & {
  tab?: (typeof TABS)[number];
  dialog?: EnrollmentDialog | SessionDialog | (typeof GROUP_DIALOGS)[number];
  /** The enrollment that the dialog is about. */
  enrollment?: string;
  /** Compliance: a day of the week that shows; this week by default. */
  week?: string;
};

export function groupSearch(search: Record<string, unknown>): GroupSearch {
  return {
    ...scheduleSearch(search),
    tab: choiceIn(search["tab"], TABS),
    dialog: choiceIn(search["dialog"], [...ENROLLMENT_DIALOGS, ...SESSION_DIALOGS, ...GROUP_DIALOGS]),
    enrollment: textIn(search["enrollment"]),
    week: dayIn(search["week"]),
  };
}
