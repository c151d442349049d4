import { shortName } from "../ui/names";
import { tell } from "./activity";

type Promoted = { patient?: { displayName: string } | null };

const MOST_TOASTS = 4;

/** Tell of the patients who got the seats that a change made free. */
export function tellPromotions(promoted: readonly Promoted[]): void {
  const names = promoted.map(({ patient }) => (patient == null ? "A patient" : shortName(patient.displayName)));
  if (names.length > MOST_TOASTS) tell(`${names.join(", ")} moved from the waitlist to seats.`, "news");
  else for (const name of names) tell(`${name} moved from the waitlist to a seat.`, "news");
}
