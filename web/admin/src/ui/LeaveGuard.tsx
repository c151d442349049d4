import { useBlocker } from "@tanstack/react-router";
import { DiscardDialog } from "./DiscardDialog";
import { useDirtyForm } from "./dirtyForms";

/** Asks before anything typed is lost: by Back, by a link, by signing out, by closing the dialog or the tab. */
export function LeaveGuard({ dirty }: { dirty: () => boolean }) {
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: async () => {
      if (!dirty()) return false;
      await nextTask();
      return true;
    },
    enableBeforeUnload: () => dirty(),
    withResolver: true,
  });
  useDirtyForm(dirty);
  return <DiscardDialog opened={status === "blocked"} onKeep={() => reset?.()} onDiscard={() => proceed?.()} />;
}

/** Without it, the question would open while Escape is still being handled, and Escape would close the question, too. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
