import { CancelSessionDialog } from "./CancelSessionDialog";
import { EditSessionDialog } from "./EditSessionDialog";
import { ReopenSessionDialog } from "./ReopenSessionDialog";
import { SessionDetailsDialog } from "./SessionDetailsDialog";

type Props = {
  /** The session's group; null if the person may not see groups. */
  groupId: string | null;
  deleted: boolean;
};

/** The session of the address, and what can be done with it. */
export default function SessionDialogs({ groupId, deleted }: Props) {
  return (
    <>
      <SessionDetailsDialog deleted={deleted} />
      {!deleted && <EditSessionDialog groupId={groupId} />}
      <CancelSessionDialog groupId={groupId} />
      {!deleted && <ReopenSessionDialog groupId={groupId} />}
    </>
  );
}
