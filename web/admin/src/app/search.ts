// Search parameters as people read them: ?type=IOP,PHP&sort=next. Lists are joined by commas, and what is empty is left
// out. The functions below read them; each ignores values that the page does not know.

type Search = Record<string, unknown>;

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

export function formatSearch(search: Search): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    const text = Array.isArray(value) ? value.join(",") : String(value ?? "");
    if (text !== "") parameters.set(name, text);
  }
  const text = parameters.toString().replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}

export function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function textsIn(value: unknown): string[] | undefined {
  const texts = (Array.isArray(value) ? value.map(String) : String(value ?? "").split(",")).filter(Boolean);
  return texts.length > 0 ? texts : undefined;
}

export function flagIn(value: unknown): true | undefined {
  return value === true || value === "true" ? true : undefined;
}

export function choiceIn<const Choice extends string>(value: unknown, choices: readonly Choice[]): Choice | undefined {
  return choices.find((choice) => choice === value);
}

export function choicesIn<const Choice extends string>(value: unknown, choices: readonly Choice[]): Choice[] | undefined {
  const values: unknown[] = Array.isArray(value) ? value : String(value ?? "").split(",");
  const known = choices.filter((choice) => values.includes(choice));
  return known.length > 0 ? known : undefined;
}

/** A day as "2026-11-30", if the calendar has it. The server has no days around the years 1 and 9999, to which steps would lead. */
export function dayIn(value: unknown): string | undefined {
  const text = String(value);
  if (!/^(?!0000|9999)\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const day = new Date(`${text}T00:00Z`);
  return !Number.isNaN(day.valueOf()) && day.toISOString().startsWith(text) ? text : undefined;
}
