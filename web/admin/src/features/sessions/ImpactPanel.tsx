import { Alert, List, Stack, Text } from "@mantine/core";
import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import type { ReactNode } from "react";
import { readFragment, type FragmentType } from "../../api/generated";
import type { ImpactFragment } from "../../api/generated/graphql";
import { usePermissions } from "../../permissions/permissions";
import { counted } from "../../ui/names";
import { conflictInWords, groupWeeksInWords, ImpactFields, patientWeeksInWords, type ComplianceChanges } from "./impact";
import classes from "./ImpactPanel.module.css";

const SHOWN = 6;

type Props = {
  /** The group of the schedule; null if the person may not see groups. */
  groupId: string | null;
  impact: FragmentType<typeof ImpactFields> | null | undefined;
  asking: boolean;
  /** Whether the server would refuse the change. */
  refused: boolean;
  /** What shows before there is anything to ask. */
  idle?: string;
  /** Whether sessions only go away, so that no conflict can arise. */
  cancels?: boolean;
  /** What the change does to the sessions themselves. */
  children?: ReactNode;
};

/** Says what a change of the schedule would do to others, before it is confirmed. */
export function ImpactPanel({ groupId, impact, asking, refused, idle, cancels = false, children }: Props) {
  return (
    <section className={classes.panel} role="status" aria-label="What will happen" aria-busy={asking}>
      {asking ? (
        <Text size="sm">Asking the server what will happen …</Text>
      ) : refused ? (
        <Text size="sm">The server would refuse this. Correct what is marked.</Text>
      ) : impact == null ? (
        <Text size="sm">{idle}</Text>
      ) : (
        <Stack gap="sm">
          {children}
          <Impact groupId={groupId} impact={readFragment(ImpactFields, impact)} cancels={cancels} />
        </Stack>
      )}
    </section>
  );
}

function Impact({ groupId, impact, cancels }: { groupId: string | null; impact: ImpactFragment; cancels: boolean }) {
  const may = usePermissions();
  const conflicts = impact.conflicts.map((conflict) => conflictInWords(conflict, groupId));
  const groupWeeks = groupWeeksInWords(impact);
  const patientWeeks = patientWeeksInWords(impact);
  return (
    <>
      {conflicts.length === 0 ? (
        <NoConflict cancels={cancels} loses={groupWeeks.lost.length + patientWeeks.lost.length > 0} />
      ) : (
        <Alert role="note" className={classes.alert} color="orange" icon={<IconAlertTriangle />} title={counted(conflicts.length, "conflict")}>
          <Items items={conflicts} />
        </Alert>
      )}
      <Compliance changes={groupWeeks} of="Program weeks" />
      <Compliance changes={patientWeeks} of="Patients' weeks" />
      {!may("pm.group_enrollments.view") && (
        <Text size="sm" c="dimmed">
          What it does to patients is not shown: that needs pm.group_enrollments.view.
        </Text>
      )}
    </>
  );
}

function Compliance({ changes: { lost, gained, unchanged }, of }: { changes: ComplianceChanges; of: string }) {
  return (
    <>
      {lost.length > 0 && (
        <Alert role="note" className={classes.alert} color="red" icon={<IconAlertTriangle />} title={`${of} that lose compliance`}>
          <Items items={lost} />
        </Alert>
      )}
      <Listed title={`${of} that become compliant`} items={gained} />
      <Listed title={`${of} whose status stays`} items={unchanged} />
    </>
  );
}

function Listed({ title, items }: { title: string; items: string[] }) {
  if (items.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      <Items items={items} />
    </div>
  );
}

function Items({ items }: { items: string[] }) {
  const more = items.length - SHOWN;
  return (
    <List size="sm">
      {items.slice(0, SHOWN).map((item, index) => (
        // Two conflicts may have the same words.
        <List.Item key={index}>{item}</List.Item>
      ))}
      {more > 0 && <List.Item>and {more} more</List.Item>}
    </List>
  );
}

function NoConflict({ cancels, loses }: { cancels: boolean; loses: boolean }) {
  if (cancels && loses) return null;
  return <Text size="sm">{cancels ? "No program week loses compliance." : "No conflict."}</Text>;
}
