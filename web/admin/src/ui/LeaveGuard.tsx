import { Button, Group, Modal, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";

/** Asks before anything typed is lost: by Back, by a link, by closing the dialog or the tab. */
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
  return (
    <Modal opened={status === "blocked"} onClose={() => reset?.()} title="Discard what you typed?" size="sm" centered>
      <Text>It is not saved.</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={reset} data-autofocus>
          Keep editing
        </Button>
        <Button color="red.8" onClick={proceed}>
          Discard
        </Button>
      </Group>
    </Modal>
  );
}

/** Without it, the question would open while Escape is still being handled, and Escape would close the question, too. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
