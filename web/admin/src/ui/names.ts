/** "Dana Rivers" becomes "Dana R.": enough to recognize a patient in a message that others may see over a shoulder. */
export function shortName(displayName: string): string {
  const words = displayName.trim().split(/\s+/);
  const [first = displayName, last] = [words[0], words.length > 1 ? words.at(-1) : undefined];
  return last === undefined ? first : `${first} ${last[0]}.`;
}

/** "1 seat", "2 seats". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** "1 hour", "7.5 hours". */
export function hoursOf(hours: number): string {
  return counted(Math.round(hours * 100) / 100, "hour");
}
