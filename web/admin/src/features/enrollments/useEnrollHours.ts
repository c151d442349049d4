import { useQuery } from "urql";
import { graphql } from "../../api/generated";
import { usePermissions } from "../../permissions/permissions";
import { hoursOf } from "../../ui/names";
import { addDays, formatDate, todayIn } from "../../ui/times";
import { hoursInWords } from "../patients/weekWords";
import type { RosterGroup } from "./EnrollmentsTab";

const EnrollHours = graphql(`
  query EnrollHours(
    $patientIds: [ID!]!
    $groupId: ID!
    $from: Date!
    $through: Date!
    $seesSchedule: Boolean!
  ) {
    nodes(ids: $patientIds) {
      ... on Patient {
        id
        compliance(weekOf: $from) {
          program
          weekStart
          hours
          hoursPast
          days
          requirements {
            code
            required
          }
        }
      }
    }
    groupDefinition(id: $groupId) {
      id
      occurrences(filter: { from: $from, through: $through, status: [SCHEDULED] }, first: 100) @include(if: $seesSchedule) {
        nodes {
          id
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
  /** Return the words about the hours that a patient has without this group. */
  of: (patientId: string) => readonly string[];
};

/** Return the weekly hours of patients in their programs at present, and those that the group adds, from a day on. */
export function useEnrollHours(group: RosterGroup, patientIds: readonly string[], startDate: string): Hours {
  const may = usePermissions();
  const from = startDate || todayIn(group.timeZone);
  const [{ data }] = useQuery({
    query: EnrollHours,
    variables: {
      patientIds: [...patientIds],
      groupId: group.id,
      from,
      through: addDays(from, 6),
      seesSchedule: may("pm.group_schedule.view"),
    },
    pause: patientIds.length === 0,
  });
  const sessions = data?.groupDefinition?.occurrences?.nodes;
  const hours = sessions?.reduce((sum, { startsAt, endsAt }) => sum + (Date.parse(endsAt) - Date.parse(startsAt)) / 3_600_000, 0);

  const of = (patientId: string) => {
    const patient = data?.nodes.find((node) => node != null && "id" in node && node.id === patientId);
    if (patient == null || !("compliance" in patient)) return [];
    if (patient.compliance.length === 0) return ["Weekly hours: in no intensive program at present, so none are required."];
    return patient.compliance.map(
      (week) => `Weekly hours in ${week.program}, week of ${formatDate(week.weekStart)}: ${hoursInWords(week)}`,
    );
  };
  const added =
    hours === undefined ? null : `The group meets for ${hoursOf(hours)} in the 7 days from ${formatDate(from)}.`;
  return { added, of };
}
