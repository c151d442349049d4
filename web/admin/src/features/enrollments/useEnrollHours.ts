import { useQuery } from "urql";
import { graphql, readFragment } from "../../api/generated";
import { usePermissions } from "../../permissions/permissions";
import { hoursOf } from "../../ui/names";
import { addDays, formatDate, todayIn } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import { hoursInWords } from "../patients/weekWords";
import type { RosterGroup } from "./EnrollmentsTab";
import { shortOf, withGroup, type MeasuredWeek, type Session } from "./weekWithGroup";

const HoursOfWeekFields = graphql(`
  fragment HoursOfWeek on PatientCompliance {
    program
    weekStart
    weekEnd
    hours
    hoursPast
    days
    requirements {
      code
      required
    }
  }
`);

// Two weeks, because only the first whole one says what a patient will have every week. The server knows where weeks begin.
const EnrollHours = graphql(`
  query EnrollHours(
    $patientIds: [ID!]!
    $groupId: ID!
    $thisWeek: Date!
    $nextWeek: Date!
    $from: Date!
    $through: Date!
    $seesSchedule: Boolean!
  ) {
    nodes(ids: $patientIds) {
      ... on Patient {
        id
        thisWeek: compliance(weekOf: $thisWeek) {
          ...HoursOfWeek
        }
        nextWeek: compliance(weekOf: $nextWeek) {
          ...HoursOfWeek
        }
        occurrences(from: $from, through: $through, first: 60) @include(if: $seesSchedule) {
          nodes {
            sessionDate
            startsAt
            endsAt
            groupDefinition {
              id
              countsToward
            }
          }
        }
      }
    }
    groupDefinition(id: $groupId) {
      id
      groupType
      countsToward
      thisWeek: compliance(weekOf: $thisWeek) {
        weekStart
        weekEnd
        requirements {
          code
          required
        }
      }
      nextWeek: compliance(weekOf: $nextWeek) {
        weekStart
        weekEnd
        requirements {
          code
          required
        }
      }
      occurrences(filter: { from: $from, through: $through, status: [SCHEDULED, COMPLETED] }, first: 100)
        @include(if: $seesSchedule) {
        nodes {
          id
          sessionDate
          startsAt
          endsAt
        }
      }
    }
  }
`);

type Hours = {
  /** The words about the hours that the group adds to a week; null if the person may not see them. */
  added: string | null;
  /** Return the words about the hours of a patient, without this group and with a seat in it. */
  of: (patientId: string) => readonly string[];
};

/** Return the weekly hours of patients in their programs, without a group and with it, in the first whole week of a stay. */
export function useEnrollHours(group: RosterGroup, patientIds: readonly string[], startDate: string, endDate: string): Hours {
  const may = usePermissions();
  const now = useNow();
  const today = todayIn(group.timeZone);
  const first = startDate || today;
  const day = first > today ? first : today;
  const seesSchedule = may("pm.group_schedule.view");
  const [{ data }] = useQuery({
    query: EnrollHours,
    variables: {
      patientIds: [...patientIds],
      groupId: group.id,
      thisWeek: day,
      nextWeek: addDays(day, 7),
      from: first < today ? addDays(today, -6) : day, // a start in the past may make this week a whole one
      through: addDays(day, 13),
      seesSchedule,
    },
    pause: patientIds.length === 0,
  });
  const own = data?.groupDefinition;
  // Without a start, the stay begins with the next session.
  const sessions = own?.occurrences?.nodes.filter(({ sessionDate, startsAt }) =>
    startDate === "" ? new Date(startsAt) > now : sessionDate >= startDate,
  );
  const stay = sessions?.filter(({ sessionDate }) => endDate === "" || sessionDate <= endDate);
  /** Return that week of a patient or of the group that lies wholly in the stay. */
  const wholeOf = <Week extends { weekStart: string }>(weeks: { thisWeek: readonly Week[]; nextWeek: readonly Week[] }) =>
    weeks.thisWeek.some(({ weekStart }) => first <= weekStart) ? weeks.thisWeek : weeks.nextWeek;

  const of = (patientId: string) => {
    const patient = data?.nodes.find((node) => node != null && "id" in node && node.id === patientId);
    if (own == null || patient == null || !("thisWeek" in patient)) return [];
    const weeks = wholeOf({
      thisWeek: readFragment(HoursOfWeekFields, patient.thisWeek),
      nextWeek: readFragment(HoursOfWeekFields, patient.nextWeek),
    });
    const [week] = wholeOf({ thisWeek: listOf(own.thisWeek), nextWeek: listOf(own.nextWeek) });
    const joined = week !== undefined && weeks.every(({ program }) => program !== own.groupType) && {
      ...week,
      program: own.groupType,
      hours: 0,
      days: 0,
    };
    const others = patient.occurrences?.nodes ?? [];
    const withSeat = (programWeek: MeasuredWeek & { program: (typeof own.countsToward)[number] }, name = ""): string => {
      if (!own.countsToward.includes(programWeek.program)) {
        return `With a seat in this group: the same, because it does not count toward ${programWeek.program}.`;
      }
      if (stay === undefined) return "The hours with this group are not shown: that needs pm.group_schedule.view.";
      const counting = others.filter(({ groupDefinition }) => groupDefinition?.countsToward.includes(programWeek.program));
      return `With a seat in this group${name}: ${shortOf(withGroup(programWeek, counting, stay), programWeek.requirements)}`;
    };
    return [
      ...weeks.flatMap((programWeek) => [
        `Weekly hours in ${programWeek.program}, week of ${formatDate(programWeek.weekStart)}: ${hoursInWords(programWeek)}`,
        withSeat(programWeek),
      ]),
      ...(weeks.length === 0 ? ["Weekly hours: in no intensive program at present, so none are required."] : []),
      ...(joined ? [withSeat(joined, `, and so in ${joined.program}, week of ${formatDate(joined.weekStart)}`)] : []),
    ];
  };
  const added =
    sessions === undefined
      ? null
      : `The group meets for ${hoursOf(hoursIn(sessions.filter(({ sessionDate }) => sessionDate < addDays(day, 7))))} in the 7 days from ${formatDate(day)}.`;
  return { added, of };
}

function hoursIn(sessions: readonly Session[]): number {
  return sessions.reduce((sum, { startsAt, endsAt }) => sum + (Date.parse(endsAt) - Date.parse(startsAt)) / 3_600_000, 0);
}

function listOf<Value>(value: Value | null): Value[] {
  return value === null ? [] : [value];
}
