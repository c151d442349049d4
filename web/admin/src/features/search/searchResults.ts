import type { Icon } from "@tabler/icons-react";
import IconUser from "@tabler/icons-react/icons/IconUser";
import IconUserHeart from "@tabler/icons-react/icons/IconUserHeart";
import IconUsersGroup from "@tabler/icons-react/icons/IconUsersGroup";
import { graphql } from "../../api/generated";
import type { SearchQuery } from "../../api/generated/graphql";
import { counted } from "../../ui/names";
import { formatDate } from "../../ui/times";
import { GROUP_TYPES } from "../groups/words";
import { patientKey } from "../patients/patientKey";

export const Search = graphql(`
  query Search($text: String!, $first: Int!, $seesGroups: Boolean!, $seesPatients: Boolean!) {
    groupDefinitions(filter: { search: $text }, first: $first) @include(if: $seesGroups) {
      totalCount
      nodes {
        id
        name
        groupType
        facilitator {
          displayName
        }
      }
    }
    patients(search: $text, first: $first) @include(if: $seesPatients) {
      totalCount
      nodes {
        id
        displayName
        medicalRecordNumber
        birthDate
        active
        ...PatientKey
      }
    }
    staffMembers(search: $text, first: $first) @include(if: $seesGroups) {
      totalCount
      nodes {
        id
        displayName
        credentials
        active
      }
    }
  }
`);

/** Where a result leads. A patient opens in the drawer, over the current screen. */
export type Target =
  | { kind: "group"; groupId: string }
  | { kind: "patient"; key: string }
  | { kind: "staff"; staffId: string }
  | { kind: "action"; run: () => void };

export type Result = { id: string; label: string; details: string; icon: Icon; target: Target };
export type ResultSection = { title: string; results: Result[] };

/** Return the results of the server by their kind. Kinds without results are left out. */
export function sectionsOf({ groupDefinitions, patients, staffMembers }: SearchQuery): ResultSection[] {
  return [
    section("Groups", groupDefinitions, ({ id, name, groupType, facilitator }) => ({
      id,
      label: name,
      details: `${GROUP_TYPES[groupType]} · ${facilitator.displayName}`,
      icon: IconUsersGroup,
      target: { kind: "group", groupId: id },
    })),
    section("Patients", patients, (patient) => ({
      id: patient.id,
      label: patient.displayName,
      details: [
        patient.medicalRecordNumber,
        patient.birthDate === null ? "" : `born ${formatDate(patient.birthDate)}`,
        patient.active ? "" : "inactive in the registry",
      ].filter(Boolean).join(" · "),
      icon: IconUserHeart,
      target: { kind: "patient", key: patientKey(patient) },
    })),
    section("Staff", staffMembers, ({ id, displayName, credentials, active }) => ({
      id,
      label: credentials === null ? displayName : `${displayName}, ${credentials}`,
      details: active ? "Sessions or groups that they lead" : "Does not work here at present",
      icon: IconUser,
      target: { kind: "staff", staffId: id },
    })),
  ].filter(({ results }) => results.length > 0);
}

type Page<Node> = { totalCount: number; nodes: readonly Node[] } | null | undefined;

function section<Node>(title: string, page: Page<Node>, resultOf: (node: Node) => Result): ResultSection {
  const results = (page?.nodes ?? []).map(resultOf);
  const total = page?.totalCount ?? 0;
  return { title: total > results.length ? `${title}: the first ${results.length} of ${total}` : title, results };
}

/** The number of results, for people who do not see the list. */
export function countInWords(sections: readonly ResultSection[]): string {
  const count = sections.reduce((sum, { results }) => sum + results.length, 0);
  return count === 0 ? "Nothing matches" : counted(count, "result");
}
