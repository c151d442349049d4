import type { OccurrenceSelection, Weekday } from "../../api/generated/graphql";

/** Which sessions a change of many concerns. The names are those of the server's input. */
export type SelectionValues = { scope: "IDS" | "DAYS"; from: string; through: string; facilitatorId: string | null; weekdays: Weekday[] };

export function initialSelection(selected: number, today: string): SelectionValues {
  return { scope: selected > 0 ? "IDS" : "DAYS", from: today, through: "", facilitatorId: null, weekdays: [] };
}

/** Return the selection for the server; null if it is not complete. */
export function selectionOf(values: SelectionValues, ids: ReadonlySet<string>, groupDefinitionId: string): OccurrenceSelection | null {
  if (values.scope === "IDS") return { ids: [...ids] };
  if (values.from === "" || values.through === "") return null;
  return {
    groupDefinitionId,
    from: values.from,
    through: values.through,
    ...(values.facilitatorId !== null && { facilitatorId: values.facilitatorId }),
    ...(values.weekdays.length > 0 && { weekdays: values.weekdays }),
  };
}

export const missingDays = {
  from: (from: string, { selection }: { selection: SelectionValues }) =>
    selection.scope === "DAYS" && from === "" ? "Fill in the first day." : null,
  through: (through: string, { selection }: { selection: SelectionValues }) =>
    selection.scope === "DAYS" && through === "" ? "Fill in the last day." : null,
};
