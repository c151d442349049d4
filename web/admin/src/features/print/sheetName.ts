export type SheetName = { name: string; initials: string };

/**
 * Return what a sheet that lies open shows of a patient: "Dana" and "DMR" for "Dana Maria Rivers" and for "Rivers, Dana
 * Maria". The registry has no preferred names, so it is the first given name.
 */
export function sheetName(displayName: string): SheetName {
  const [last = "", given] = displayName.split(",", 2);
  const words = (given === undefined ? last : `${given} ${last}`).trim().split(/\s+/);
  const initials = words.map((word) => /\p{L}/u.exec(word)?.[0] ?? "");
  return { name: words[0] ?? displayName, initials: initials.join("").toUpperCase() };
}
