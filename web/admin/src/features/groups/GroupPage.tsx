import { Anchor, Badge, Button, Group, Tabs, Text } from "@mantine/core";
import IconChevronLeft from "@tabler/icons-react/icons/IconChevronLeft";
import IconPencil from "@tabler/icons-react/icons/IconPencil";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { graphql } from "../../api/generated";
import type { GroupQuery } from "../../api/generated/graphql";
import { useLiveQuery } from "../../api/useLiveQuery";
import { Allowed, usePermissions } from "../../permissions/permissions";
import { PageHeader } from "../../ui/PageHeader";
import { EmptyState, Loaded, NoPermission } from "../../ui/states";
import { ComplianceTab } from "../compliance/ComplianceTab";
import { EnrollmentsTab } from "../enrollments/EnrollmentsTab";
import { ScheduleTab } from "../sessions/ScheduleTab";
import { HistoryTab } from "../history/HistoryTab";
import { DeletedBanner } from "./DeletedBanner";
import { GroupActions } from "./GroupActions";
import { GroupDetails } from "./GroupDetails";
import type { GroupSearch } from "./search";
import classes from "./GroupPage.module.css";
import { GROUP_TYPES, meetingsInWords } from "./words";

const GroupDocument = graphql(`
  query Group($id: ID!) {
    groupDefinition(id: $id) {
      id
      name
      groupType
      deletedAt
      timeZone
      facilitator {
        displayName
      }
      location {
        site
        room
      }
      recurrence {
        summary
      }
      ...GroupDetails
    }
  }
`);

const route = getRouteApi("/groups/$groupId");

export function GroupPage() {
  const { groupId } = route.useParams();
  const may = usePermissions();
  if (!may("pm.group_definitions.view")) return <NoPermission wholePage what="groups" needs="pm.group_definitions.view" />;
  return <GroupById id={groupId} key={groupId} />;
}

function GroupById({ id }: { id: string }) {
  const result = useLiveQuery(GroupDocument, { id });
  return (
    <>
      <Anchor component={Link} to="/groups" size="sm" mb="xs" display="inline-flex">
        <IconChevronLeft size={18} aria-hidden /> Group Sessions
      </Anchor>
      <Loaded result={result}>
        {({ groupDefinition }) =>
          groupDefinition ? (
            <GroupWithTabs group={groupDefinition} />
          ) : (
            <EmptyState wholePage title="There is no such group">
              <title>Not found · Group sessions</title>
              Its address may be incomplete, or it is of another organization.
            </EmptyState>
          )
        }
      </Loaded>
    </>
  );
}

/** In a narrow window the tabs scroll in one line, so the selected one may be outside of it. */
function showSelectedTab(tabs: HTMLElement | null): void {
  tabs?.querySelector("[role=tab][aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "center" });
}

function GroupWithTabs({ group }: { group: NonNullable<GroupQuery["groupDefinition"]> }) {
  const { tab = "enrollments" } = route.useSearch();
  const navigate = useNavigate({ from: "/groups/$groupId" });
  const where = [group.location?.site, group.location?.room].filter(Boolean).join(", ");
  const facts = [GROUP_TYPES[group.groupType], group.facilitator.displayName, where, group.recurrence && meetingsInWords(group.recurrence.summary, group.timeZone)];
  return (
    <>
      <PageHeader
        title={group.name}
        actions={
          <>
            {group.deletedAt === null && (
              <Allowed to="pm.group_definitions.edit">
                <Button
                  variant="default"
                  leftSection={<IconPencil size={16} />}
                  renderRoot={(props) => <Link to="/groups/$groupId/edit" params={{ groupId: group.id }} {...props} />}
                >
                  Edit
                </Button>
              </Allowed>
            )}
            <GroupActions group={group} deleted={group.deletedAt !== null} />
          </>
        }
        below={
          <Group gap="xs">
            {group.deletedAt !== null && <Badge color="gray.7" radius="sm" tt="none">Deleted</Badge>}
            <Text c="dimmed">{facts.filter(Boolean).join(" · ")}</Text>
          </Group>
        }
      />
      {group.deletedAt !== null && <DeletedBanner />}
      <Tabs
        ref={showSelectedTab}
        value={tab}
        onChange={(next) => void navigate({ search: { tab: next as GroupSearch["tab"] }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="lg" className={classes.tabs}>
          <Tabs.Tab value="enrollments">Enrollments</Tabs.Tab>
          <Tabs.Tab value="schedule">Schedule</Tabs.Tab>
          <Tabs.Tab value="compliance">Compliance</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
          <Tabs.Tab value="details">Details</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="enrollments">
          <EnrollmentsTab groupId={group.id} deleted={group.deletedAt !== null} />
        </Tabs.Panel>
        <Tabs.Panel value="schedule">
          <ScheduleTab groupId={group.id} timeZone={group.timeZone} />
        </Tabs.Panel>
        <Tabs.Panel value="compliance">
          <ComplianceTab groupId={group.id} timeZone={group.timeZone} />
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <HistoryTab groupId={group.id} timeZone={group.timeZone} />
        </Tabs.Panel>
        <Tabs.Panel value="details">
          <GroupDetails of={group} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
