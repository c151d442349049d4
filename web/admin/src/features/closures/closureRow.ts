import { graphql } from "../../api/generated";
import type { ClosureRowFragment } from "../../api/generated/graphql";
import { counted } from "../../ui/names";
import { formatNearDay, localToday } from "../../ui/times";

export const ClosureRowFields = graphql(`
  fragment ClosureRow on Closure {
    id
    version
    name
    from
    through
    location {
      id
      site
      room
      timeZone
      active
    }
  }
`);

/** "Thu, Nov 26", or "Thu, Nov 26 – Fri, Nov 27" with the year if that is another one than today's. */
export function daysInWords({ from, through }: Pick<ClosureRowFragment, "from" | "through">): string {
  const today = localToday();
  return from === through ? formatNearDay(from, today) : `${formatNearDay(from, today)} – ${formatNearDay(through, today)}`;
}

export function placeInWords({ location }: Pick<ClosureRowFragment, "location">): string {
  if (location === null) return "Whole organization";
  return location.room === null ? `${location.site}, all rooms` : `${location.site}, ${location.room}`;
}

/** The outcome of saving a closure, with the sessions that it leaves for a person to cancel or move. */
export function savedInWords(outcome: string, affected: number): string {
  return affected === 0 ? outcome : `${outcome} ${counted(affected, "session")} on its days ${affected === 1 ? "stays" : "stay"} scheduled.`;
}
