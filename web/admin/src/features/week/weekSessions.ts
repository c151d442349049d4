import { graphql, readFragment } from "../../api/generated";
import type { WeekQuery, WeekSessionFragment } from "../../api/generated/graphql";
import { addDays, mondayOf } from "../../ui/times";
import { placeInWords } from "../sessions/words";
import type { Lanes } from "./search";

export const WeekSessionFields = graphql(`
  fragment WeekSession on Occurrence {
    id
    sessionDate
    startTime
    endTime
    startsAt
    endsAt
    timeZone
    status
    expected
    facilitator {
      id
      displayName
    }
    coFacilitator {
      id
      displayName
    }
    location {
      id
      site
      room
    }
    groupDefinition @include(if: $seesGroups) {
      id
      name
    }
    conflicts {
      kind
    }
  }
`);

export const WeekDayFields = graphql(`
  fragment WeekDay on OccurrenceConnection {
    totalCount
    nodes {
      ...WeekSession
    }
  }
`);

/** A row of the calendar: a facilitator or a room, and their sessions. */
export type Lane = { id: string; name: string; sessions: readonly WeekSessionFragment[] };

/** The id of the row of sessions that have no location. */
const NOWHERE = "none";

/** Return the seven days of the week that contains a day, from Monday. */
export function daysOfWeek(day: string): string[] {
  const monday = mondayOf(day);
  return Array.from({ length: 7 }, (_, index) => addDays(monday, index));
}

/** Return the sessions of all days, and how many more there are than the server lists. */
export function sessionsOf(data: WeekQuery): { sessions: readonly WeekSessionFragment[]; missing: number } {
  const fields = [data.day0, data.day1, data.day2, data.day3, data.day4, data.day5, data.day6];
  const days = fields.flatMap((field) => (field == null ? [] : [readFragment(WeekDayFields, field)]));
  const sessions = days.flatMap(({ nodes }) => readFragment(WeekSessionFields, nodes));
  const total = days.reduce((sum, { totalCount }) => sum + totalCount, 0);
  return { sessions, missing: total - sessions.length };
}

/** Return the rows by name. A session with two facilitators is in the rows of both. */
export function lanesOf(sessions: readonly WeekSessionFragment[], by: Lanes): Lane[] {
  const lanes = new Map<string, { id: string; name: string; sessions: WeekSessionFragment[] }>();
  for (const session of sessions) {
    for (const { id, name } of by === "room" ? [roomOf(session)] : leadersOf(session)) {
      const lane = lanes.get(id) ?? { id, name, sessions: [] };
      lane.sessions.push(session);
      lanes.set(id, lane);
    }
  }
  return [...lanes.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

type Owner = { id: string; name: string };

function roomOf({ location }: WeekSessionFragment): Owner {
  return { id: location?.id ?? NOWHERE, name: placeInWords(location) };
}

function leadersOf({ facilitator, coFacilitator }: WeekSessionFragment): Owner[] {
  return [facilitator, ...(coFacilitator === null ? [] : [coFacilitator])].map(({ id, displayName }) => ({
    id,
    name: displayName,
  }));
}
