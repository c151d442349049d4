// The versions of a closure: as it was when the form was opened, as somebody else has saved it since, and as it is typed.

import type { ClosureRowFragment } from "../../api/generated/graphql";
import type { ConflictingField } from "../../ui/ConflictAlert";
import { formatDate } from "../../ui/times";
import { placeInWords } from "./closureRow";
import type { ClosureValues } from "./useClosureForm";

export type ClosurePlace = ClosureRowFragment["location"];

export function valuesOf({ name, from, through, location }: ClosureRowFragment): ClosureValues {
  return { name, from, through, locationId: location?.id ?? null };
}

/** Return the fields that differ, because a field that is left out stays as it is. */
export function changesOf(values: ClosureValues, before: ClosureValues): Partial<ClosureValues> {
  const [typed, old] = [Object.entries({ ...values, name: values.name.trim() }), new Map(Object.entries(before))];
  return Object.fromEntries(typed.filter(([field, value]) => value !== old.get(field)));
}

/** Return the fields in which either version differs from the closure as it was opened. */
export function conflictsOf(
  theirs: ClosureRowFragment,
  mine: ClosureValues & { place: ClosurePlace },
  before: ClosureRowFragment,
): ConflictingField[] {
  const [saved, typed, old] = [wordsOf(theirs), wordsOf({ ...mine, location: mine.place }), wordsOf(before)];
  return Object.keys(old)
    .map((label) => ({ label, theirs: saved[label] ?? "", mine: typed[label] ?? "" }))
    .filter((field) => field.theirs !== old[field.label] || field.mine !== old[field.label]);
}

type Closure = Pick<ClosureRowFragment, "name" | "from" | "through" | "location">;

function wordsOf(closure: Closure): Record<string, string> {
  return {
    Name: closure.name,
    "First day": dayInWords(closure.from),
    "Last day": dayInWords(closure.through),
    "What is closed": placeInWords(closure),
  };
}

function dayInWords(day: string): string {
  return day === "" ? "–" : formatDate(day);
}
