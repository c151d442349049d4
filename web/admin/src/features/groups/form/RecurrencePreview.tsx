import { Badge, Group, Paper, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "urql";
import { graphql } from "../../../api/generated";
import { usePermissions } from "../../../permissions/permissions";
import { formatDate, localToday, zoneIfDifferent } from "../../../ui/times";
import { recurrenceInput } from "./groupValues";
import type { RecurrenceValues } from "./recurrenceRule";

const SHOWN_DATES = 8;

const Preview = graphql(`
  query RecurrencePreview($recurrence: RecurrenceInput!, $from: Date, $first: Int!, $locationId: ID) {
    recurrencePreview(recurrence: $recurrence, from: $from, first: $first, locationId: $locationId) {
      summary
      dates
      closedDates
      userErrors {
        message
      }
    }
  }
`);

const ZoneOfLocation = graphql(`
  query ZoneOfLocation($id: ID!) {
    node(id: $id) {
      type: __typename
      id
      ... on Location {
        timeZone
      }
    }
  }
`);

type Props = {
  values: RecurrenceValues;
  locationId: string | null;
  /** The time zone of the group, if it is not the location's. */
  timeZone: string | null;
};

/** The rule in words and its next dates, from the server, while the person edits it. */
export function RecurrencePreview({ values, locationId, timeZone }: Props) {
  const may = usePermissions();
  const [settled] = useDebouncedValue(values, 300);
  const recurrence = recurrenceInput(settled);
  const today = localToday();
  const [{ data, fetching }] = useQuery({
    query: Preview,
    variables: {
      recurrence: recurrence ?? { rule: "", startDate: today, startTime: "00:00" },
      from: settled.startDate > today ? settled.startDate : today,
      first: SHOWN_DATES,
      locationId,
    },
    pause: recurrence === null || !may("pm.group_schedule.view"),
  });
  const [{ data: place }] = useQuery({
    query: ZoneOfLocation,
    variables: { id: locationId ?? "" },
    pause: locationId === null || timeZone !== null,
  });
  if (values.repeats === "NEVER" || !may("pm.group_schedule.view")) return null;
  const preview = data?.recurrencePreview;
  const ofLocation = place?.node?.type === "Location" && place.node.id === locationId ? place.node.timeZone : null;
  const zone = timeZone ?? ofLocation;
  const day = preview?.dates[0] ?? today;
  const zoneName = zone === null ? null : zoneIfDifferent(`${day}T12:00Z`, zone);
  if (recurrence === null || preview == null) {
    return <Text c="dimmed">{fetching ? "Asking for the next dates …" : "Fill in the first day and the start to see the dates."}</Text>;
  }
  return (
    <Paper withBorder p="md" role="status" aria-label="Preview">
      <Text fw={600} mb="xs">
        {preview.summary ?? "This is not a rule yet"}
        {preview.summary !== null && zoneName !== null && ` (${zoneName})`}
      </Text>
      {preview.userErrors.map(({ message }) => (
        <Text key={message} size="sm">
          {message}
        </Text>
      ))}
      {preview.userErrors.length === 0 && (
        <Group gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label="Next dates">
          {preview.dates.map((date) => (
            <Badge key={date} component="li" variant="default" radius="sm" tt="none" fw={400} size="lg">
              {formatDate(date)}
            </Badge>
          ))}
          {preview.dates.length === 0 && <li>No dates from today on.</li>}
          {preview.closedDates.map((date) => (
            <Badge key={date} component="li" variant="default" radius="sm" tt="none" fw={400} size="lg" td="line-through">
              {formatDate(date)}: closed
            </Badge>
          ))}
        </Group>
      )}
    </Paper>
  );
}
