import { Group, List, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery } from "urql";
import { tell } from "../../activity/activity";
import { graphql } from "../../api/generated";
import type { GenerateSessionsMutation } from "../../api/generated/graphql";
import { Dialog, DialogForm } from "../../ui/Dialog";
import { counted } from "../../ui/names";
import { ScrollBox } from "../../ui/ScrollBox";
import { formatNearDay, formatStart } from "../../ui/times";
import classes from "./ChangeList.module.css";
import { ImpactPanel } from "./ImpactPanel";
import { daysAfter } from "./sessionValues";
import { usePreviewedForm } from "./usePreviewedForm";
import { useSeen } from "./useSeen";
import { useSessionDialog } from "./useSessionDialog";

const GenerateSessions = graphql(`
  mutation GenerateSessions($input: GenerateOccurrencesInput!, $preview: Boolean!, $seesPatients: Boolean!, $seesGroups: Boolean!) {
    generateOccurrences(input: $input) {
      createdCount
      skippedCount
      closedDates
      occurrences @include(if: $preview) {
        id
        sessionDate
        startTime
        startsAt
        timeZone
      }
      impact @include(if: $preview) {
        ...Impact
      }
      userErrors {
        ...Fault
      }
    }
  }
`);

const ClosedDays = graphql(`
  query ClosedDays($from: Date!, $through: Date!) {
    closures(from: $from, through: $through, first: 200) {
      nodes {
        id
        name
        from
        through
      }
    }
  }
`);

const WEEKS = 8;

type Props = { groupId: string; today: string; lastDay: string | null };

export function GenerateDialog(props: Props) {
  const { dialog, close } = useSessionDialog();
  return (
    <Dialog opened={dialog === "generate"} needs="pm.group_schedule.create" title="Generate sessions" size="lg" onClose={close}>
      <GenerateForm {...props} onClose={close} />
    </Dialog>
  );
}

function GenerateForm({ groupId, today, lastDay, onClose }: Props & { onClose: () => void }) {
  const sees = useSeen();
  const first = lastDay !== null && lastDay >= today ? daysAfter(lastDay, 1) : today;
  const form = useForm({
    mode: "controlled",
    initialValues: { from: first, through: daysAfter(first, 7 * WEEKS - 1) },
    validate: {
      from: (day) => (day === "" ? "Fill in the first day." : null),
      through: (day) => (day === "" ? "Fill in the last day." : null),
    },
  });
  const { from, through } = form.values;
  const input = { groupDefinitionId: groupId, from, through };
  const { dryRun, faults, running, confirm } = usePreviewedForm(
    form,
    GenerateSessions,
    from === "" || through === "" ? null : { input: { ...input, dryRun: true }, preview: true, ...sees },
  );

  const submit = form.onSubmit(async () => {
    if (dryRun.asking) return;
    const payload = await confirm({ input, preview: false, ...sees });
    if (payload === null) return;
    tell(`${counted(payload.createdCount, "session")} ${payload.createdCount === 1 ? "was" : "were"} added.`);
    onClose();
  });

  return (
    <DialogForm
      submit={dryRun.asking ? "Checking …" : "Generate"}
      running={running}
      faults={faults}
      dirty={() => form.isDirty()}
      onSubmit={submit}
      onClose={onClose}
    >
      <Text>Adds the sessions that the group&apos;s rule has on these days and the calendar does not.</Text>
      <Group align="flex-start" grow preventGrowOverflow={false}>
        <TextInput type="date" label="First day" required data-autofocus {...form.getInputProps("from")} />
        <TextInput type="date" label="Last day" required {...form.getInputProps("through")} />
      </Group>
      <ImpactPanel
        groupId={groupId}
        impact={dryRun.payload?.impact}
        asking={dryRun.asking}
        refused={dryRun.faults.length > 0}
        idle="Fill in the days to see which sessions will be added."
      >
        {dryRun.payload !== null && <Generated payload={dryRun.payload} from={from} through={through} today={today} />}
      </ImpactPanel>
    </DialogForm>
  );
}

type Payload = NonNullable<GenerateSessionsMutation["generateOccurrences"]>;
type GeneratedProps = { payload: Payload; from: string; through: string; today: string };

/** The new sessions, and the closed days, which get none. */
function Generated({ payload: { createdCount, skippedCount, closedDates, occurrences }, from, through, today }: GeneratedProps) {
  const [{ data }] = useQuery({ query: ClosedDays, variables: { from, through }, pause: closedDates.length === 0 });
  const nameOf = (date: string) => data?.closures?.nodes.find((closure) => closure.from <= date && date <= closure.through)?.name;
  return (
    <div>
      <Text size="sm" fw={600}>
        {createdCount === 0 ? "No session is added." : `${counted(createdCount, "session")} ${createdCount === 1 ? "is" : "are"} added.`}
        {skippedCount - closedDates.length > 0 && ` ${counted(skippedCount - closedDates.length, "day")} of the rule already filled.`}
      </Text>
      {occurrences !== undefined && occurrences.length > 0 && (
        <ScrollBox label="New sessions">
          <ul className={classes.list}>
            {occurrences.map((session) => (
              <li key={session.id}>
                {formatNearDay(session.sessionDate, today)}, {formatStart(session)}
              </li>
            ))}
          </ul>
        </ScrollBox>
      )}
      {closedDates.length > 0 && (
        <>
          <Text size="sm" mt="xs" fw={600}>
            Closed, and without a session:
          </Text>
          <List size="sm">
            {closedDates.map((date) => (
              <List.Item key={date}>{[formatNearDay(date, today), nameOf(date)].filter(Boolean).join(": ")}</List.Item>
            ))}
          </List>
        </>
      )}
    </div>
  );
}
