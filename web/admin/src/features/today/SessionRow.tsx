import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { SessionOfDayFragment } from "../../api/generated/graphql";
import { formatStart, formatTime } from "../../ui/times";
import { useNow } from "../../ui/useNow";
import { SignInSheetLink } from "../print/SignInSheetLink";
import { SessionLink } from "../sessions/SessionLink";
import { SessionStatus } from "../sessions/SessionStatus";
import { leadersInWords, placeInWords, stateOf } from "../sessions/words";
import classes from "./SessionsOfDay.module.css";

const SessionOfDayFields = graphql(`
  fragment SessionOfDay on Occurrence {
    id
    startTime
    endTime
    startsAt
    endsAt
    timeZone
    status
    cancellationReason
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
    groupDefinition @include(if: $seesGroups) {
      id
      name
      maxCapacity
      minCapacity
    }
  }
`);

/** A session of the day. On a narrow window the room and the facilitator are under its name. */
export function SessionRow({ of }: { of: FragmentType<typeof SessionOfDayFields> }) {
  const session = readFragment(SessionOfDayFields, of);
  const { status, cancellationReason, location, groupDefinition: group } = session;
  const state = stateOf(session, useNow());
  const name = group?.name ?? "Session";
  return (
    <tr data-status={status}>
      <td className={classes.time}>
        {formatStart(session)}
        <div className={classes.details}>to {formatTime(session.endTime)}</div>
      </td>
      <th scope="row" className={classes.session}>
        <SessionLink sessionId={session.id} groupId={group?.id} className={classes.name}>
          {name}
        </SessionLink>{" "}
        {state !== "SCHEDULED" && <SessionStatus state={state} />}
        <div className={classes.details}>
          {cancellationReason !== null && <div>{cancellationReason}</div>}
          <div className={classes.narrow}>
            <div>{placeInWords(location)}</div>
            <div>{leadersInWords(session)}</div>
          </div>
          {status !== "CANCELLED" && (
            <SignInSheetLink sessionId={session.id} label={`Sign-in sheet of ${name}, ${formatStart(session)}`} />
          )}
        </div>
      </th>
      <td className={classes.wide}>
        {location?.room ?? placeInWords(location)}
        {location?.room != null && <div className={classes.details}>{location.site}</div>}
      </td>
      <td className={classes.wide}>
        {session.facilitator.displayName}
        {session.coFacilitator !== null && <div>{session.coFacilitator.displayName}</div>}
      </td>
      <td className={classes.expected}>{status === "CANCELLED" ? "–" : <Expected session={session} />}</td>
    </tr>
  );
}

type SessionProps = { session: SessionOfDayFragment };

/** How many patients are expected, beside the group's seats. */
function Expected({ session: { expected, groupDefinition: group } }: SessionProps) {
  if (group == null) return expected;
  const minimum = group.minCapacity !== null && expected < group.minCapacity ? group.minCapacity : null;
  return (
    <>
      {expected} of {group.maxCapacity}
      <div className={classes.details}>seats</div>
      {expected > group.maxCapacity && <div className={classes.warning}>{expected - group.maxCapacity} over</div>}
      {minimum !== null && <div className={classes.warning}>Below minimum ({minimum})</div>}
    </>
  );
}
