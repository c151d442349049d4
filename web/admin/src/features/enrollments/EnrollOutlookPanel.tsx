import { List, Paper, Stack, Text } from "@mantine/core";
import { usePermissions } from "../../permissions/permissions";
import { counted } from "../../ui/names";
import type { RosterGroup } from "./EnrollmentsTab";
import type { EnrollOutlook } from "./useEnrollPreview";

type Props = { group: RosterGroup; outlook: EnrollOutlook | null; asking: boolean; refused: boolean };

/** Says what enrolling will do: by the group's seats before a patient is chosen, and by the server's word after. */
export function EnrollOutlookPanel({ group, outlook, asking, refused }: Props) {
  const words = asking
    ? "Asking the server what will happen …"
    : refused
      ? "The server would refuse this. Correct what is marked."
      : decisionInWords(group, outlook);
  return (
    <Paper withBorder p="sm" role="status" aria-label="What will happen">
      <Stack gap="xs">
        <Text size="sm">{words}</Text>
        {outlook !== null && !asking && <Conflicts group={group} outlook={outlook} />}
      </Stack>
    </Paper>
  );
}

function Conflicts({ group, outlook }: { group: RosterGroup; outlook: EnrollOutlook }) {
  const may = usePermissions();
  if (!may("pm.group_schedule.view")) {
    return (
      <Text size="sm" c="dimmed">
        Conflicts with other groups are not shown: that needs pm.group_schedule.view.
      </Text>
    );
  }
  const clashes = clashesByGroup(group, outlook);
  if (clashes.length === 0) return <Text size="sm">No conflict with other groups of the patient.</Text>;
  return (
    <div>
      <Text size="sm" fw={600} id="conflicts">
        Conflicts with other groups
      </Text>
      <List size="sm" aria-labelledby="conflicts">
        {clashes.map(({ id, name, messages: [first, ...more] }) => (
          <List.Item key={id}>
            {name}: {first}
            {more.length > 0 && ` ${counted(more.length, "later session")} too.`}
          </List.Item>
        ))}
      </List>
    </div>
  );
}

type Clash = { id: string; name: string; messages: string[] };

/** Return the conflicts by the other group, because a weekly group clashes every week. */
function clashesByGroup(group: RosterGroup, { conflicts }: EnrollOutlook): Clash[] {
  const clashes = new Map<string, Clash>();
  for (const { message, occurrences } of conflicts) {
    const other = occurrences.map(({ groupDefinition }) => groupDefinition).find((found) => found?.id !== group.id);
    const id = other?.id ?? "";
    const clash = clashes.get(id) ?? { id, name: other?.name ?? "Another group", messages: [] };
    clash.messages.push(message);
    clashes.set(id, clash);
  }
  return [...clashes.values()];
}

function decisionInWords({ capacity: { available, enrolled, max, waitlisted } }: RosterGroup, outlook: EnrollOutlook | null): string {
  const decision = outlook?.decision;
  const seated = decision == null ? available > 0 : decision.status === "ENROLLED";
  return seated
    ? `There is a free seat: the patient gets seat ${enrolled + 1} of ${max}.`
    : `The group is full: the patient joins the waitlist at place ${decision?.waitlistPosition ?? waitlisted + 1}.`;
}
