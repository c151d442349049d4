// What happened, by the actions of the API's histories. An action that is not here is shown by its own name.

export type HistoryKind = "group" | "session" | "enrollment" | "closure";

const ACTIONS: Record<HistoryKind, Record<string, string>> = {
  group: {
    created: "Group created",
    updated: "Group changed",
    deleted: "Group deleted",
    restored: "Group restored",
  },
  session: {
    scheduled: "Session scheduled",
    rescheduled: "Session moved",
    updated: "Session changed",
    cancelled: "Session cancelled",
    reopened: "Session reopened",
    recurrence_date_recorded: "Day of the recurrence recorded by an upgrade",
  },
  enrollment: {
    enrolled: "Enrolled in a seat",
    waitlisted: "Put on the waitlist",
    promoted: "Moved from the waitlist to a seat",
    promoted_over_capacity: "Moved from the waitlist to a seat over capacity",
    waitlist_position_changed: "Moved on the waitlist",
    disenrolled: "Disenrolled",
    removed: "Removed as created in error",
    updated: "Stay changed",
    transferred: "Transferred to another group",
    reinstated: "Reinstated in a seat",
    reinstated_over_capacity: "Reinstated in a seat over capacity",
    reinstated_to_waitlist: "Reinstated on the waitlist",
    start_date_recorded: "Start of the stay recorded by an upgrade",
  },
  closure: {
    created: "Closure added",
    updated: "Closure changed",
    deleted: "Closure deleted",
  },
};

const CREATING = new Set(["created", "scheduled", "enrolled", "waitlisted"]);

export function actionInWords(kind: HistoryKind, action: string): string {
  return ACTIONS[kind][action] ?? inWords(action.replaceAll("_", " "));
}

/** Whether the action creates a record, so that its changes are all the first values. */
export function createsRecord(action: string): boolean {
  return CREATING.has(action);
}

/** "someNewField" becomes "Some new field". */
export function inWords(name: string): string {
  const words = name.replaceAll(/([A-Z])/g, " $1").trim().toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
