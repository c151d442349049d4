import { Button } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { ChangedSessionFragment } from "../../api/generated/graphql";
import { ScrollBox } from "../../ui/ScrollBox";
import classes from "./ChangeList.module.css";
import { ChangedSessionFields, changeInWords, type DriftReasons } from "./occurrenceChanges";
import { SessionFormFields } from "./sessionValues";

const PART = 50;

const StoredSessions = graphql(`
  query StoredSessions($ids: [ID!]!) {
    nodes(ids: $ids) {
      type: __typename
      id
      ... on Occurrence {
        ...SessionForm
      }
    }
  }
`);

type Props = {
  changes: ReadonlyArray<FragmentType<typeof ChangedSessionFields>>;
  today: string;
  /** The group's. */
  timeZone: string;
  /** How the sessions differ from the group's definition, if that is why they change. */
  reasons?: DriftReasons;
};

/** What happens to each session, in words. Those that stay because nothing about them differs are left out. */
export function ChangeList({ changes, ...rest }: Props) {
  const [parts, setParts] = useState(1);
  const concerned = readFragment(ChangedSessionFields, changes).filter(({ keepReason }) => keepReason !== "UNCHANGED");
  const left = concerned.length - parts * PART;
  if (concerned.length === 0) return null;
  return (
    <ScrollBox label="Session by session">
      <ul className={classes.list}>
        {Array.from({ length: parts }, (_, part) => (
          <ChangePart key={part} changes={concerned.slice(part * PART, (part + 1) * PART)} {...rest} />
        ))}
      </ul>
      {left > 0 && (
        <Button variant="default" size="compact-sm" onClick={() => setParts(parts + 1)}>
          Show {Math.min(PART, left)} more of {concerned.length}
        </Button>
      )}
    </ScrollBox>
  );
}

type PartProps = Omit<Props, "changes"> & { changes: readonly ChangedSessionFragment[] };

/** Some of the changes, beside the sessions as they are stored, because a dry run has them as they would be. */
function ChangePart({ changes, ...rest }: PartProps) {
  const ids = changes.flatMap(({ action, occurrence }) => (action === "CREATE" || occurrence === null ? [] : [occurrence.id]));
  const [{ data }] = useQuery({ query: StoredSessions, variables: { ids }, pause: ids.length === 0 });
  const stored = (data?.nodes ?? []).flatMap((node) => (node?.type === "Occurrence" ? [readFragment(SessionFormFields, node)] : []));
  const before = new Map(stored.map((session) => [session.id, session]));
  return changes.map((change) => {
    const id = change.occurrence?.id ?? "";
    return <li key={`${id} ${change.sessionDate} ${change.startTime}`}>{changeInWords(change, before.get(id), rest)}</li>;
  });
}
