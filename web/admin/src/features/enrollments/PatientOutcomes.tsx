import { CloseButton, List, Paper, Stack, Text } from "@mantine/core";
import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import { readFragment } from "../../api/generated";
import type { PatientOutcomeFragment } from "../../api/generated/graphql";
import { usePermissions } from "../../permissions/permissions";
import { counted } from "../../ui/names";
import { isSeated, PatientOutcomeFields, refusalOf, type Named, type OutcomeRef } from "./outcomes";
import classes from "./PatientOutcomes.module.css";

type Seats = { id: string; enrolled: number; max: number };

type Props = {
  label: string;
  patients: readonly Named[];
  /** What the server says of each patient, in their order; null while it decides. */
  results: readonly OutcomeRef[] | null;
  group: Seats | null;
  /** The words about a patient's weekly hours. */
  hoursOf?: (patientId: string) => readonly string[];
  onRemove: (id: string) => void;
};

/** The patients of a change, each with what it will do for them: the seat or the place, conflicts and hours, or a refusal. */
export function PatientOutcomes({ label, patients, results, group, hoursOf, onRemove }: Props) {
  const outcomes = results === null ? null : readFragment(PatientOutcomeFields, results);
  if (patients.length === 0) return null;
  return (
    <Stack component="ul" aria-label={label} className={classes.list} gap="xs">
      {patients.map(({ id, name, number }, index) => {
        const outcome = outcomes?.[index];
        const seatsBefore = outcomes?.slice(0, index).filter(isSeated).length ?? 0;
        return (
          <Paper component="li" withBorder p="xs" key={id} className={classes.item}>
            <div>
              <Text size="sm">
                <b>{name}</b>, <span className={classes.number}>{number}</span>
              </Text>
              {outcome !== undefined && group !== null && (
                <OutcomeInWords outcome={outcome} group={{ ...group, enrolled: group.enrolled + seatsBefore }} />
              )}
              {hoursOf?.(id).map((words) => (
                <Text size="sm" key={words}>
                  {words}
                </Text>
              ))}
            </div>
            <CloseButton size="sm" aria-label={`Take ${name} off the list`} onClick={() => onRemove(id)} />
          </Paper>
        );
      })}
    </Stack>
  );
}

function OutcomeInWords({ outcome, group }: { outcome: PatientOutcomeFragment; group: Seats }) {
  const refusal = refusalOf(outcome);
  if (refusal !== null) {
    return (
      <Text size="sm" className={classes.refusal}>
        <IconAlertTriangle size={16} aria-hidden />
        <span>Not possible: {refusal}</span>
      </Text>
    );
  }
  if (outcome.decision === null) return null;
  const place = outcome.decision.waitlistPosition;
  return (
    <>
      <Text size="sm">
        {place === null
          ? `Gets seat ${group.enrolled + 1} of ${group.max}.`
          : `The group is full: joins the waitlist at place ${place}.`}
      </Text>
      <Conflicts outcome={outcome} groupId={group.id} />
    </>
  );
}

function Conflicts({ outcome, groupId }: { outcome: PatientOutcomeFragment; groupId: string }) {
  const may = usePermissions();
  if (!may("pm.group_schedule.view")) {
    return (
      <Text size="sm" c="dimmed">
        Conflicts with other groups are not shown: that needs pm.group_schedule.view.
      </Text>
    );
  }
  const clashes = clashesByGroup(groupId, outcome);
  if (clashes.length === 0) return <Text size="sm">No conflict with other groups of the patient.</Text>;
  return (
    <>
      <Text size="sm">Conflicts with other groups:</Text>
      <List size="sm">
        {clashes.map(({ id, name, messages: [first, ...more] }) => (
          <List.Item key={id}>
            {name}: {first}
            {more.length > 0 && ` ${counted(more.length, "later session")} too.`}
          </List.Item>
        ))}
      </List>
    </>
  );
}

type Clash = { id: string; name: string; messages: string[] };

/** Return the conflicts by the other group, because a weekly group clashes every week. */
function clashesByGroup(groupId: string, { conflicts }: PatientOutcomeFragment): Clash[] {
  const clashes = new Map<string, Clash>();
  for (const { message, occurrences } of conflicts) {
    const other = occurrences.map(({ groupDefinition }) => groupDefinition).find((found) => found?.id !== groupId);
    const id = other?.id ?? "";
    const clash = clashes.get(id) ?? { id, name: other?.name ?? "Another group", messages: [] };
    clash.messages.push(message);
    clashes.set(id, clash);
  }
  return [...clashes.values()];
}
