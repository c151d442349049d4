import { Badge, UnstyledButton, VisuallyHidden } from "@mantine/core";
import IconArrowDown from "@tabler/icons-react/icons/IconArrowDown";
import IconArrowUp from "@tabler/icons-react/icons/IconArrowUp";
import IconSelector from "@tabler/icons-react/icons/IconSelector";
import { Link, useNavigate } from "@tanstack/react-router";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { GroupRowFragment, NextSessionFragment } from "../../api/generated/graphql";
import { CapacityBar } from "../../ui/CapacityBar";
import { ComplianceBadge } from "../../ui/ComplianceBadge";
import { formatDay, formatStart } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import classes from "./GroupTable.module.css";
import type { Sort, SortColumn } from "./search";
import { GROUP_TYPES } from "./words";

export const GroupRowFields = graphql(`
  fragment GroupRow on GroupDefinition {
    id
    name
    groupType
    deletedAt
    facilitator {
      id
      displayName
    }
    capacity {
      waitlisted
      utilization
      ...CapacityBar
    }
    compliance {
      status
      ...ComplianceBadge
    }
    today: occurrences(filter: $today, first: 10) @include(if: $seesSchedule) {
      nodes {
        ...NextSession
      }
    }
    later: occurrences(filter: $later, first: 1) @include(if: $seesSchedule) {
      nodes {
        ...NextSession
      }
    }
  }
`);

const NextSessionFields = graphql(`
  fragment NextSession on Occurrence {
    id
    sessionDate
    startTime
    startsAt
    endsAt
    timeZone
  }
`);

type Props = { groups: ReadonlyArray<FragmentType<typeof GroupRowFields>>; sort: Sort; busy: boolean };

export function GroupTable({ groups, sort, busy }: Props) {
  const now = useNow();
  const rows = readFragment(GroupRowFields, groups).map((group) => ({ group, next: nextSession(group, now) }));
  const seesSchedule = rows.some(({ group }) => group.later != null);
  return (
    <table className={classes.table} aria-busy={busy}>
      <thead>
        <tr>
          <SortableHeader column="name" sort={sort}>Group</SortableHeader>
          <th className={classes.wide}>Type</th>
          <th className={classes.wide}>Facilitator</th>
          {seesSchedule && <SortableHeader column="next" sort={sort} className={classes.wide}>Next session</SortableHeader>}
          <SortableHeader column="seats" sort={sort}>Enrolled / Max</SortableHeader>
          <SortableHeader column="waiting" sort={sort} className={classes.waiting}>Waiting</SortableHeader>
          <SortableHeader column="compliance" sort={sort} className={classes.wide}>This week</SortableHeader>
        </tr>
      </thead>
      <tbody>
        {sorted(rows, sort).map(({ group, next }) => (
          <GroupRow key={group.id} group={group} next={next} seesSchedule={seesSchedule} />
        ))}
      </tbody>
    </table>
  );
}

type Row = { group: GroupRowFragment; next: NextSessionFragment | undefined };

function GroupRow({ group, next, seesSchedule }: Row & { seesSchedule: boolean }) {
  const type = GROUP_TYPES[group.groupType];
  return (
    <tr>
      <th scope="row" className={classes.name}>
        <Link to="/groups/$groupId" params={{ groupId: group.id }} className={classes.link}>
          {group.name}
        </Link>{" "}
        {group.deletedAt !== null && <Badge color="gray.7" radius="sm" tt="none">Deleted</Badge>}
        <div className={classes.narrow}>
          {type} · {group.facilitator.displayName}
          {seesSchedule && (
            <div>
              {next === undefined ? "No session scheduled" : `Next ${formatDay(next.sessionDate)}, ${formatStart(next)}`}
            </div>
          )}
          {group.capacity.waitlisted > 0 && <div className={classes.narrowest}>{group.capacity.waitlisted} waiting</div>}
          {group.compliance && <ComplianceBadge of={group.compliance} />}
        </div>
      </th>
      <td className={classes.wide}>{type}</td>
      <td className={classes.wide}>{group.facilitator.displayName}</td>
      {seesSchedule && (
        <td className={classes.wide}>
          {next === undefined ? (
            <Nothing>None scheduled</Nothing>
          ) : (
            <>
              {formatDay(next.sessionDate)}
              <div className={classes.dimmed}>{formatStart(next)}</div>
            </>
          )}
        </td>
      )}
      <td>
        <CapacityBar of={group.capacity} />
      </td>
      <td className={classes.waiting}>{group.capacity.waitlisted || <Nothing>0</Nothing>}</td>
      <td className={classes.wide}>
        {group.compliance ? <ComplianceBadge of={group.compliance} /> : <Nothing>Not a program</Nothing>}
      </td>
    </tr>
  );
}

/** A dash for the eye, and words for screen readers. */
function Nothing({ children }: { children: string }) {
  return (
    <>
      <span aria-hidden className={classes.dimmed}>
        –
      </span>
      <VisuallyHidden>{children}</VisuallyHidden>
    </>
  );
}

type HeaderProps = { column: SortColumn; sort: Sort; className?: string; children: string };

function SortableHeader({ column, sort, className, children }: HeaderProps) {
  const navigate = useNavigate({ from: "/groups" });
  const direction = sort === column ? "ascending" : sort === `-${column}` ? "descending" : "none";
  const Icon = { ascending: IconArrowUp, descending: IconArrowDown, none: IconSelector }[direction];
  const next: Sort = direction === "ascending" ? `-${column}` : column;
  return (
    <th aria-sort={direction} className={className}>
      <UnstyledButton
        className={classes.sort}
        onClick={() =>
          void navigate({
            search: (previous) => ({ ...previous, sort: next === "name" ? undefined : next, pages: undefined }),
            replace: true,
            resetScroll: false,
          })
        }
      >
        {children}
        <Icon size={14} aria-hidden />
      </UnstyledButton>
    </th>
  );
}

/** Return the session that runs or comes next: one of today that has not ended, or else the first of later days. */
function nextSession({ today, later }: GroupRowFragment, now: Date): NextSessionFragment | undefined {
  const ofToday = readFragment(NextSessionFields, today?.nodes ?? []);
  return ofToday.find(({ endsAt }) => new Date(endsAt) > now) ?? readFragment(NextSessionFields, later?.nodes ?? [])[0];
}

/** The server sorts by name, in both directions. The other orders are of what the row shows, with the names in order where it is equal. */
function sorted(rows: Row[], sort: Sort): Row[] {
  const descending = sort.startsWith("-");
  const key = KEYS[sort.replace("-", "") as SortColumn];
  if (key === null) return rows;
  const compare = (a: Row, b: Row) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
  return rows.toSorted(descending ? (a, b) => compare(b, a) : compare);
}

const KEYS: Record<SortColumn, ((row: Row) => number) | null> = {
  name: null,
  next: ({ next }) => (next === undefined ? Infinity : Date.parse(next.startsAt)),
  seats: ({ group }) => group.capacity.utilization,
  waiting: ({ group }) => group.capacity.waitlisted,
  compliance: ({ group: { compliance } }) => (compliance == null ? 2 : compliance.status === "COMPLIANT" ? 1 : 0),
};
