import type { SessionFormFragment } from "../../api/generated/graphql";
import { ConflictAlert } from "../../ui/ConflictAlert";
import { conflictsOf, wordsOf } from "./sessionValues";

type Props = {
  opened: SessionFormFragment;
  current: SessionFormFragment;
  /** The words for doing it all the same. */
  keep: string;
  onKeep: () => void;
  onLook: () => void;
};

/** Shows what has changed in a session since a dialog about all of it was opened, and lets the person choose. */
export function SessionVersions({ opened, current, keep, onKeep, onLook }: Props) {
  return (
    <ConflictAlert
      what="this session"
      fields={conflictsOf(wordsOf(current), wordsOf(opened), wordsOf(opened))}
      note="Nothing is done yet."
      mine="When you opened it"
      keep={keep}
      take="Look at it first"
      onKeepMine={onKeep}
      onTakeTheirs={onLook}
    />
  );
}
