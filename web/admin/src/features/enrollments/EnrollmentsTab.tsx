import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import IconArrowsExchange from "@tabler/icons-react/icons/IconArrowsExchange";
import IconUserPlus from "@tabler/icons-react/icons/IconUserPlus";
import type { ReactNode } from "react";
import { graphql } from "../../api/generated";
import type { RosterQuery } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { Allowed, usePermissions } from "../../permissions/permissions";
import { CapacityBar } from "../../ui/CapacityBar";
import { counted } from "../../ui/names";
import { Loaded, NoPermission } from "../../ui/states";
import { DatesDialog } from "./DatesDialog";
import { DisenrollDialog } from "./DisenrollDialog";
import { EnrollDialog } from "./EnrollDialog";
import { PastList } from "./PastList";
import { PositionDialog } from "./PositionDialog";
import { ReinstateDialog } from "./ReinstateDialog";
import { SeatList } from "./SeatList";
import { SeatNowDialog } from "./SeatNowDialog";
import { TransferDialog } from "./TransferDialog";
import { useEnrollmentDialog } from "./useEnrollmentDialog";
import { Waitlist } from "./Waitlist";

const LONGEST_PAGE = 200;

const Roster = graphql(`
  query Roster($groupId: ID!, $first: Int!) {
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
      seats: enrollments(status: [ENROLLED], first: $first) {
        nodes {
          id
          ...EnrollmentRow
        }
      }
      waitlist: enrollments(status: [WAITLISTED], first: $first) {
        nodes {
          id
          ...EnrollmentRow
          ...WaitingReason
        }
      }
      past: enrollments(status: [DISENROLLED], first: 50) {
        totalCount
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
  const result = useLiveQuery(Roster, { groupId, first: LONGEST_PAGE });
  return (
    <Loaded result={result}>
      {({ groupDefinition }) => groupDefinition && <RosterSections group={groupDefinition} deleted={deleted} />}
    </Loaded>
  );
}

export type RosterGroup = NonNullable<RosterQuery["groupDefinition"]>;

function RosterSections({ group, deleted }: { group: RosterGroup; deleted: boolean }) {
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
        <SeatList enrollments={seats?.nodes ?? []} timeZone={timeZone} />
        <More shown={seats?.nodes.length ?? 0} total={capacity.enrolled} />
      </Section>
      <Section title="Waitlist" note={`${capacity.waitlisted} waiting`}>
        <Waitlist enrollments={waitlist?.nodes ?? []} places={capacity.waitlisted} timeZone={timeZone} />
        <More shown={waitlist?.nodes.length ?? 0} total={capacity.waitlisted} />
      </Section>
      <Section title="Past enrollments" note={counted(past?.totalCount ?? 0, "enrollment")}>
        <PastList group={group} deleted={deleted} />
        <More shown={past?.nodes.length ?? 0} total={past?.totalCount ?? 0} />
      </Section>
      <EnrollDialog group={group} />
      <DisenrollDialog group={group} />
      <PositionDialog group={group} />
      <SeatNowDialog group={group} />
      <ReinstateDialog group={group} />
      <DatesDialog group={group} />
      <TransferDialog group={group} />
    </Stack>
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

/** Says that a list is longer than what is shown. */
function More({ shown, total }: { shown: number; total: number }) {
  if (shown >= total) return null;
  return (
    <Text c="dimmed" size="sm" mt="xs">
      The first {shown} of {total}.
    </Text>
  );
}
