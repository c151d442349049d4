import { useQuery } from "urql";
import { graphql } from "../../api/generated";
import { usePermissions } from "../../permissions/permissions";
import type { NamedKind, NameOf } from "./fields";

const MOST_IDS = 100;

const HistoryNames = graphql(`
  query HistoryNames($ids: [ID!]!, $seesGroups: Boolean!) {
    nodes(ids: $ids) {
      id
      ... on StaffMember {
        displayName
      }
      ... on Location {
        site
        room
      }
      ... on Enrollment {
        groupDefinition @include(if: $seesGroups) {
          id
          name
        }
      }
    }
    complianceRuleSets @include(if: $seesGroups) {
      id
      title
    }
  }
`);

/** Return the names that ids of a history stand for. Those that the person may not see are undefined. */
export function useNames(ids: readonly { kind: NamedKind; id: string }[]): NameOf {
  const seesGroups = usePermissions()("pm.group_definitions.view");
  // A caller who may not view groups may not look up staff and locations either.
  const readable = ids.filter(({ kind }) => kind === "enrollment" || (seesGroups && kind !== "ruleSet")).map(globalId);
  const distinct = [...new Set(readable)].slice(0, MOST_IDS);
  const needsRuleSets = seesGroups && ids.some(({ kind }) => kind === "ruleSet");
  const [{ data }] = useQuery({
    query: HistoryNames,
    variables: { ids: distinct, seesGroups },
    requestPolicy: "cache-first",
    pause: distinct.length === 0 && !needsRuleSets,
  });
  const names = new Map<string, string>();
  for (const node of data?.nodes ?? []) {
    if (node === null) continue;
    if ("displayName" in node) names.set(node.id, node.displayName);
    if ("site" in node) names.set(node.id, [node.site, node.room].filter(Boolean).join(", "));
    if ("groupDefinition" in node && node.groupDefinition) names.set(node.id, node.groupDefinition.name);
  }
  const ruleSets = new Map(data?.complianceRuleSets?.map(({ id, title }) => [id, title]));
  return (kind, id) => {
    const name = kind === "ruleSet" ? ruleSets.get(id) : names.get(globalId({ kind, id }));
    // An id that nobody knows any more is all that there is to show.
    return name ?? (seesGroups && data !== undefined ? id : undefined);
  };
}

function globalId({ kind, id }: { kind: NamedKind; id: string }): string {
  return kind === "staff" || kind === "location" ? `${kind}:${id}` : id;
}
