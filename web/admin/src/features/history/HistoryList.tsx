import { Text, Title } from "@mantine/core";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { HistoryQuery } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { usePermissions, type PermissionKey } from "../../permissions/permissions";
import { Pager, usePaging, type Paging } from "../../ui/Pager";
import { EmptyState, Loaded, NoPermission } from "../../ui/states";
import { formatInstant } from "../../ui/times";
import type { HistoryKind } from "./actions";
import { namedIds } from "./fields";
import { HistoryEntry, HistoryEntryFields } from "./HistoryEntry";
import classes from "./HistoryList.module.css";
import { useNames } from "./useNames";

const PAGE_SIZE = 50;

const NEEDED: Record<HistoryKind, PermissionKey> = {
  group: "pm.group_definitions.view",
  session: "pm.group_schedule.view",
  enrollment: "pm.group_enrollments.view",
  closure: "pm.group_schedule.view",
};

const History = graphql(`
  query History($id: ID!, $first: Int!, $after: String) {
    node(id: $id) {
      id
      ... on GroupDefinition {
        history(first: $first, after: $after) {
          ...HistoryPage
        }
      }
      ... on Occurrence {
        history(first: $first, after: $after) {
          ...HistoryPage
        }
      }
      ... on Closure {
        history(first: $first, after: $after) {
          ...HistoryPage
        }
      }
      ... on Enrollment {
        enrollmentHistory: history(first: $first, after: $after) {
          ...HistoryPage
        }
      }
    }
  }
`);

const HistoryPageFields = graphql(`
  fragment HistoryPage on AuditEntryConnection {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      id
      ...HistoryEntry
    }
  }
`);

type Props = {
  kind: HistoryKind;
  /** The id of the group, session, enrollment or closure. */
  id: string;
  /** The zone of the times, which is that of the group. */
  timeZone: string;
};

/** Who changed a record, what and when, in words, newest first. */
export function HistoryList(props: Props) {
  const needs = NEEDED[props.kind];
  const may = usePermissions();
  if (!may(needs)) return <NoPermission what={`the history of this ${props.kind}`} needs={needs} />;
  return <HistoryOfRecord {...props} />;
}

function HistoryOfRecord({ kind, id, timeZone }: Props) {
  const paging = usePaging(id);
  const result = useLiveQuery(History, { id, first: PAGE_SIZE, after: paging.after });
  return (
    <Loaded result={result}>
      {({ node }) => {
        const page = pageOf(node);
        return page == null ? (
          <EmptyState title="There is no history">The record is unknown, or it is of another organization.</EmptyState>
        ) : (
          <HistoryPage of={page} kind={kind} timeZone={timeZone} paging={paging} />
        );
      }}
    </Loaded>
  );
}

function pageOf(node: HistoryQuery["node"]) {
  if (node === null || !("history" in node || "enrollmentHistory" in node)) return null;
  return "history" in node ? node.history : node.enrollmentHistory;
}

type PageProps = {
  of: FragmentType<typeof HistoryPageFields>;
  kind: HistoryKind;
  timeZone: string;
  paging: Paging;
};

function HistoryPage({ of, kind, timeZone, paging }: PageProps) {
  const { nodes, totalCount, pageInfo } = readFragment(HistoryPageFields, of);
  const entries = readFragment(HistoryEntryFields, nodes);
  const ids = namedIds(entries.flatMap(({ changes }) => changes));
  const nameOf = useNames(ids);
  const may = usePermissions();
  const days = new Map<string, typeof nodes>();
  nodes.forEach((node, index) => {
    const day = formatInstant(entries[index]!.at, timeZone);
    days.set(day, [...(days.get(day) ?? []), node]);
  });
  return (
    <>
      {[...days].map(([day, ofDay]) => (
        <section key={day} aria-label={day} className={classes.day}>
          <Title order={3} size="h5">
            {day}
          </Title>
          <ol className={classes.list}>
            {ofDay.map((node) => (
              <HistoryEntry key={node.id} of={node} kind={kind} timeZone={timeZone} nameOf={nameOf} />
            ))}
          </ol>
        </section>
      ))}
      {ids.length > 0 && !may("pm.group_definitions.view") && (
        <Text size="sm" c="dimmed" mt="md">
          Names of staff, locations and other groups are not shown. They need the permission pm.group_definitions.view.
        </Text>
      )}
      <Pager
        paging={paging}
        size={PAGE_SIZE}
        shown={nodes.length}
        total={totalCount}
        pageInfo={pageInfo}
        labels={["Newer", "Older"]}
      />
    </>
  );
}
