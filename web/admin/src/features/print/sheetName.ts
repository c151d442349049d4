export type PatientNames = { displayName: string; preferredName: string | null };
export type SheetName = { name: string; initials: string };

/**
 * Return what a sheet that lies open shows of a patient: "Dana" and "DMR" for "Dana Maria Rivers" and for "Rivers, Dana
 * Maria". If the patient goes by another name, it stands in place of the first one, without the last name.
 */
export function sheetName({ displayName, preferredName }: PatientNames): SheetName {
  const words = wordsOf(displayName);
  const called = wordsOf(preferredName ?? "").filter((word) => word !== words.at(-1));
  const initials = words.map((word) => /\p{L}/u.exec(word)?.[0] ?? "");
  return { name: called.join(" ") || (words[0] ?? displayName), initials: initials.join("").toUpperCase() };
}

/** Return the words of a name, the last name at the end. */
function wordsOf(name: string): string[] {
  const [last = "", given] = name.split(",", 2);
  return (given === undefined ? last : `${given} ${last}`).trim().split(/\s+/);
}
