import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import IconArrowsExchange from "@tabler/icons-react/icons/IconArrowsExchange";
import IconUserPlus from "@tabler/icons-react/icons/IconUserPlus";
import type { ReactNode } from "react";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { RosterQuery } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { Allowed, usePermissions } from "../../permissions/permissions";
import { CapacityBar } from "../../ui/CapacityBar";
import { counted } from "../../ui/names";
import { Pager, usePaging, type Paging } from "../../ui/Pager";
import { Loaded, NoPermission } from "../../ui/states";
import { DatesDialog } from "./DatesDialog";
import { DisenrollDialog } from "./DisenrollDialog";
import { EnrollDialog } from "./EnrollDialog";
import { EnrollmentHistoryDialog } from "./EnrollmentHistoryDialog";
import { PastList } from "./PastList";
import { PositionDialog } from "./PositionDialog";
import { RemoveDialog } from "./RemoveDialog";
import { ReinstateDialog } from "./ReinstateDialog";
import { SeatList } from "./SeatList";
import { SeatNowDialog } from "./SeatNowDialog";
import { TransferDialog } from "./TransferDialog";
import { useEnrollmentDialog } from "./useEnrollmentDialog";
import { firstPlaceOf, Waitlist } from "./Waitlist";

const LONGEST_PAGE = 200;
const PAST_PAGE = 50;

const RosterPageFields = graphql(`
  fragment RosterPage on EnrollmentConnection {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
  }
`);

const Roster = graphql(`
  query Roster(
    $groupId: ID!
    $first: Int!
    $firstPast: Int!
    $afterSeats: String
    $afterWaitlist: String
    $afterPast: String
  ) {
    groupDefinition(id: $groupId) {
      id
      timeZone
      capacity {
        enrolled
        waitlisted
        max
        available
        ...CapacityBar
      }
      seats: enrollments(status: [ENROLLED], first: $first, after: $afterSeats) {
        ...RosterPage
        nodes {
          id
          ...EnrollmentRow
        }
      }
      waitlist: enrollments(status: [WAITLISTED], first: $first, after: $afterWaitlist) {
        ...RosterPage
        nodes {
          id
          ...EnrollmentRow
          ...WaitingReason
        }
      }
      past: enrollments(status: [DISENROLLED], first: $firstPast, after: $afterPast) {
        totalCount
        ...RosterPage
        nodes {
          id
          ...EnrollmentRow
        }
      }
    }
  }
`);

type Props = { groupId: string; deleted: boolean };

/** Who has a seat, who waits, and who was there before. */
export function EnrollmentsTab(props: Props) {
  const may = usePermissions();
  if (!may("pm.group_enrollments.view")) return <NoPermission what="enrollments" needs="pm.group_enrollments.view" />;
  return <RosterOfGroup {...props} />;
}

function RosterOfGroup({ groupId, deleted }: Props) {
  const paging = { seats: usePaging(groupId), waitlist: usePaging(groupId), past: usePaging(groupId) };
  const result = useLiveQuery(Roster, {
    groupId,
    first: LONGEST_PAGE,
    firstPast: PAST_PAGE,
    afterSeats: paging.seats.after,
    afterWaitlist: paging.waitlist.after,
    afterPast: paging.past.after,
  });
  return (
    <Loaded result={result}>
      {({ groupDefinition }) =>
        groupDefinition && <RosterSections group={groupDefinition} paging={paging} deleted={deleted} />
      }
    </Loaded>
  );
}

export type RosterGroup = NonNullable<RosterQuery["groupDefinition"]>;

type SectionsProps = {
  group: RosterGroup;
  paging: Record<"seats" | "waitlist" | "past", Paging>;
  deleted: boolean;
};

function RosterSections({ group, paging, deleted }: SectionsProps) {
  const { show } = useEnrollmentDialog();
  const { capacity, seats, waitlist, past, timeZone } = group;
  return (
    <Stack gap="xl">
      <Paper withBorder p="md">
        <Group justify="space-between" gap="lg">
          <div style={{ flex: "1 1 220px", maxWidth: 420 }}>
            <Text size="sm" fw={600} mb={4}>
              Enrolled / Max
            </Text>
            <CapacityBar of={capacity} />
          </div>
          <Allowed to="pm.group_enrollments.create">
            <Group gap="sm">
              {capacity.enrolled + capacity.waitlisted > 0 && (
                <Allowed to="pm.group_enrollments.edit">
                  <Button variant="default" leftSection={<IconArrowsExchange size={18} />} onClick={() => show("transfer")}>
                    Transfer patients
                  </Button>
                </Allowed>
              )}
              {!deleted && (
                <Button leftSection={<IconUserPlus size={18} />} onClick={() => show("enroll")}>
                  Enroll patients
                </Button>
              )}
            </Group>
          </Allowed>
        </Group>
      </Paper>
      <Section title="Seats" note={counted(capacity.enrolled, "patient")}>
        <PageOf list={seats} paging={paging.seats}>
          <SeatList enrollments={seats?.nodes ?? []} timeZone={timeZone} deleted={deleted} />
        </PageOf>
      </Section>
      <Section title="Waitlist" note={`${capacity.waitlisted} waiting`}>
        <PageOf list={waitlist} paging={paging.waitlist} begins={firstPlaceOf(waitlist?.nodes ?? [])}>
          <Waitlist
            enrollments={waitlist?.nodes ?? []}
            places={capacity.waitlisted}
            timeZone={timeZone}
            deleted={deleted}
          />
        </PageOf>
      </Section>
      <Section title="Past enrollments" note={counted(past?.totalCount ?? 0, "enrollment")}>
        <PageOf list={past} paging={paging.past} size={PAST_PAGE}>
          <PastList group={group} deleted={deleted} />
        </PageOf>
      </Section>
      {!deleted && <RefusedIfDeleted group={group} />}
      <DisenrollDialog group={group} deleted={deleted} />
      <RemoveDialog group={group} />
      <TransferDialog group={group} />
      <EnrollmentHistoryDialog group={group} />
    </Stack>
  );
}

/** The dialogs of what the server refuses for a deleted group. */
function RefusedIfDeleted({ group }: { group: RosterGroup }) {
  return (
    <>
      <EnrollDialog group={group} />
      <PositionDialog group={group} />
      <SeatNowDialog group={group} />
      <ReinstateDialog group={group} />
      <DatesDialog group={group} />
    </>
  );
}

function Section({ title, note, children }: { title: string; note: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Group gap="xs" align="baseline" mb="xs">
        <Title order={2} size="h4">
          {title}
        </Title>
        <Text c="dimmed" size="sm">
          {note}
        </Text>
      </Group>
      {children}
    </section>
  );
}

type PageOfProps = {
  list: (FragmentType<typeof RosterPageFields> & { nodes: readonly unknown[] }) | null | undefined;
  paging: Paging;
  size?: number;
  begins?: number | null;
  children: ReactNode;
};

/** A page of a list. If everybody on it has left since, the pager says so, and leads back. */
function PageOf({ list, paging, size = LONGEST_PAGE, begins = null, children }: PageOfProps) {
  if (list == null) return children;
  const { totalCount, pageInfo } = readFragment(RosterPageFields, list);
  const shown = list.nodes.length;
  return (
    <>
      {(shown > 0 || paging.index === 0) && children}
      <Pager paging={paging} size={size} shown={shown} total={totalCount} pageInfo={pageInfo} begins={begins} />
    </>
  );
}
