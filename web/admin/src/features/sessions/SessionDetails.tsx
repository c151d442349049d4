import { Alert, Badge, Group, Stack, Text, Title } from "@mantine/core";
import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { SessionDetailsFragment } from "../../api/generated/graphql";
import { usePermissions } from "../../permissions/permissions";
import { counted } from "../../ui/names";
import { formatDay, formatInstant, formatSpan } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import classes from "./SessionDetails.module.css";
import { SessionStatus } from "./SessionStatus";
import { leadersInWords, placeInWords, stateOf } from "./words";

const SessionDetailsFields = graphql(`
  fragment SessionDetails on Occurrence {
    id
    sessionDate
    startTime
    endTime
    startsAt
    endsAt
    timeZone
    durationMinutes
    status
    cancellationReason
    cancelledAt
    recurrenceDate
    edited
    expected
    facilitator {
      displayName
    }
    coFacilitator {
      displayName
    }
    location {
      site
      room
    }
    conflicts {
      kind
      message
    }
    roster(first: 200) @include(if: $seesPatients) {
      nodes {
        id
        patient {
          id
          displayName
          medicalRecordNumber
          active
        }
      }
    }
  }
`);

type Props = { of: FragmentType<typeof SessionDetailsFields> };

/** Everything about a session. */
export function SessionDetails({ of }: Props) {
  const session = readFragment(SessionDetailsFields, of);
  const now = useNow();
  return (
    <Stack>
      <div>
        <Group gap="sm">
          <Title order={3} size="h4">
            {formatDay(session.sessionDate)}, {session.sessionDate.slice(0, 4)}
          </Title>
          <SessionStatus state={stateOf(session, now)} />
        </Group>
        <Text>
          {formatSpan(session)} ({session.durationMinutes} minutes)
        </Text>
      </div>
      <dl className={classes.facts}>
        <dt>Led by</dt>
        <dd>{leadersInWords(session)}</dd>
        <dt>Place</dt>
        <dd>{placeInWords(session.location)}</dd>
        {session.status === "CANCELLED" && (
          <>
            <dt>Cancelled</dt>
            <dd>
              {session.cancelledAt !== null && `${formatInstant(session.cancelledAt, session.timeZone)}: `}
              {session.cancellationReason}
            </dd>
          </>
        )}
        <dt>Planned</dt>
        <dd>{planInWords(session)}</dd>
      </dl>
      {session.conflicts.length > 0 && (
        <Alert color="yellow" icon={<IconAlertTriangle />} title={counted(session.conflicts.length, "conflict")}>
          {session.conflicts.map(({ message }) => (
            <div key={message}>{message}</div>
          ))}
        </Alert>
      )}
      {session.status !== "CANCELLED" && <Expected session={session} />}
    </Stack>
  );
}

function planInWords({ recurrenceDate, sessionDate, edited }: SessionDetailsFragment): string {
  if (recurrenceDate === null) return "Added by hand";
  if (recurrenceDate !== sessionDate) return `By the group's rule for ${formatDay(recurrenceDate)}, moved by hand`;
  return edited ? "By the group's rule, changed by hand" : "By the group's rule";
}

function Expected({ session }: { session: SessionDetailsFragment }) {
  const may = usePermissions();
  return (
    <section aria-labelledby="expected">
      <Title order={4} size="h5" id="expected">
        {counted(session.expected, "patient")} expected
      </Title>
      {may("pm.group_enrollments.view") ? (
        <ul className={classes.roster}>
          {session.roster?.nodes.map(({ id, patient }) => (
            <li key={id}>
              {patient?.displayName} <span className={classes.dimmed}>{patient?.medicalRecordNumber}</span>{" "}
              {patient?.active === false && (
                <Badge color="gray.7" radius="sm" tt="none">
                  Inactive in the registry
                </Badge>
              )}
            </li>
          ))}
        </ul>
      ) : (
        <Text size="sm" c="dimmed">
          Their names are not shown: that needs pm.group_enrollments.view.
        </Text>
      )}
    </section>
  );
}
