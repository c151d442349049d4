import { Text } from "@mantine/core";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { ChangeList } from "./ChangeList";
import { ImpactPanel } from "./ImpactPanel";
import { countsInWords, type DriftReasons } from "./occurrenceChanges";

export const BulkOutcomeFields = graphql(`
  fragment BulkOutcome on OccurrencesPayload {
    createdCount
    updatedCount
    cancelledCount
    keptCount
    changes {
      ...ChangedSession
    }
    impact {
      ...Impact
    }
  }
`);

type Props = {
  groupId: string;
  today: string;
  timeZone: string;
  /** How the sessions differ from the group's definition, if that is why they change. */
  reasons?: DriftReasons;
  outcome: FragmentType<typeof BulkOutcomeFields> | null;
  asking: boolean;
  refused: boolean;
  cancels?: boolean;
  idle: string;
};

/** What a change of many sessions does: how many, each of them in words, and what it does to others. */
export function BulkOutcome({ today, timeZone, reasons, outcome, ...rest }: Props) {
  const payload = readFragment(BulkOutcomeFields, outcome);
  return (
    <ImpactPanel impact={payload?.impact} {...rest}>
      {payload !== null && (
        <div>
          <Text size="sm" fw={600}>
            {countsInWords(payload)}
          </Text>
          <ChangeList changes={payload.changes} today={today} timeZone={timeZone} reasons={reasons} />
        </div>
      )}
    </ImpactPanel>
  );
}
