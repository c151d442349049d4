import { Alert, Button, Group, Stack, Text, Title } from "@mantine/core";
import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import { useState } from "react";
import { graphql } from "../../api/generated";
import type { SessionDetailsFragment } from "../../api/generated/graphql";
import { counted } from "../../ui/names";
import { formatDay, formatInstant, formatSpan } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import { HistoryList } from "../history/HistoryList";
import { SignInSheetLink } from "../print/SignInSheetLink";
import { ExpectedPatients } from "./ExpectedPatients";
import { SessionActions } from "./SessionActions";
import panel from "./ImpactPanel.module.css";
import classes from "./SessionDetails.module.css";
import { SessionStatus } from "./SessionStatus";
import { leadersInWords, placeInWords, stateOf } from "./words";

export const SessionDetailsFields = graphql(`
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

type Props = { session: SessionDetailsFragment; deleted: boolean };

/** Everything about a session, and what can be done with it. */
export function SessionDetails({ session, deleted }: Props) {
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
        <Alert role="note" className={panel.alert} color="orange" icon={<IconAlertTriangle />} title={counted(session.conflicts.length, "conflict")}>
          {session.conflicts.map(({ message }) => (
            <div key={message}>{message}</div>
          ))}
        </Alert>
      )}
      {session.status !== "CANCELLED" && (
        <>
          <ExpectedPatients session={session} links />
          <SignInSheetLink sessionId={session.id} />
        </>
      )}
      <SessionActions status={session.status} deleted={deleted} />
      <SessionHistory id={session.id} timeZone={session.timeZone} />
    </Stack>
  );
}

function planInWords({ recurrenceDate, sessionDate, edited }: SessionDetailsFragment): string {
  if (recurrenceDate === null) return "Added by hand";
  if (recurrenceDate !== sessionDate) return `By the group's rule for ${formatDay(recurrenceDate)}, moved by hand`;
  return edited ? "By the group's rule, changed by hand" : "By the group's rule";
}

function SessionHistory({ id, timeZone }: { id: string; timeZone: string }) {
  const [shown, setShown] = useState(false);
  return (
    <section aria-label="History">
      <Button variant="subtle" size="compact-sm" aria-expanded={shown} onClick={() => setShown(!shown)}>
        {shown ? "Hide the history" : "Show the history"}
      </Button>
      {shown && <HistoryList kind="session" id={id} timeZone={timeZone} />}
    </section>
  );
}
