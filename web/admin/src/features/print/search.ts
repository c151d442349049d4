import { choiceIn } from "../../app/search";

const VERSIONS = ["without-names"] as const;

/** The search parameters of a sign-in sheet: its version, which has names unless the address says otherwise. */
export type SheetSearch = { version?: (typeof VERSIONS)[number] };

export function sheetSearch(search: Record<string, unknown>): SheetSearch {
  return { version: choiceIn(search["version"], VERSIONS) };
}
