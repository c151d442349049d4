import { useState } from "react";

/**
 * Return the value, or the last value of the same key if it has gone. So a dialog about a record stays open, with what is
 * typed in it, when the record leaves the list behind it. Another key, or none, forgets it.
 */
export function useKept<Value>(value: Value | undefined, key: string | undefined): Value | undefined {
  const [kept, setKept] = useState({ value, key });
  if (key !== kept.key || (value !== undefined && value !== kept.value)) setKept({ value, key });
  return value ?? (key === kept.key ? kept.value : undefined);
}
