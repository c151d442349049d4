import { Text } from "@mantine/core";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { useViewer } from "../../app/ViewerGate";
import { formatInstantTime, zoneIfDifferent } from "../../ui/times";
import { actionInWords, createsRecord, type HistoryKind } from "./actions";
import { labelOf, shownChanges, valueInWords, type Change, type NameOf } from "./fields";
import classes from "./HistoryList.module.css";

export const HistoryEntryFields = graphql(`
  fragment HistoryEntry on AuditEntry {
    id
    at
    actorId
    action
    actor {
      id
      displayName
    }
    changes {
      field
      before
      after
    }
  }
`);

type Props = {
  of: FragmentType<typeof HistoryEntryFields>;
  kind: HistoryKind;
  timeZone: string;
  nameOf: NameOf;
};

/** One change: what happened, when, by whom, and the values before and after. */
export function HistoryEntry({ of, kind, timeZone, nameOf }: Props) {
  const entry = readFragment(HistoryEntryFields, of);
  const viewer = useViewer();
  const zone = zoneIfDifferent(entry.at, timeZone);
  const who = entry.actor?.displayName ?? entry.actorId;
  const changes = shownChanges(entry.action, entry.changes);
  return (
    <li className={classes.entry}>
      <Text component="time" dateTime={entry.at} size="sm" c="dimmed" className={classes.time}>
        {formatInstantTime(entry.at, timeZone)}
      </Text>
      <div className={classes.what}>
        <Text fw={600}>{actionInWords(kind, entry.action)}</Text>
        <Text size="sm" c="dimmed">
          by {who}
          {entry.actorId === viewer.id && " (you)"}
        </Text>
        {changes.length > 0 &&
          (createsRecord(entry.action) ? (
            <details className={classes.first}>
              <summary>What was entered</summary>
              <Changes changes={changes} nameOf={nameOf} zone={zone} />
            </details>
          ) : (
            <Changes changes={changes} nameOf={nameOf} zone={zone} />
          ))}
      </div>
    </li>
  );
}

function Changes({ changes, ...rest }: { changes: readonly Change[]; nameOf: NameOf; zone: string | null }) {
  return (
    <dl className={classes.changes}>
      {changes.map((change) => (
        <div key={change.field}>
          <dt>{labelOf(change)}</dt>
          <dd>{changeInWords(change, rest.nameOf, rest.zone)}</dd>
        </div>
      ))}
    </dl>
  );
}

function changeInWords({ field, before, after }: Change, nameOf: NameOf, zone: string | null): string {
  const [was, is] = [before, after].map((value) => (value === null ? null : valueInWords(field, value, nameOf, zone)));
  if (was == null) return is ?? "";
  if (is == null) return field === "countsFromStart" ? "no longer" : `none any more; it was ${was}`;
  return `from ${was} to ${is}`;
}
