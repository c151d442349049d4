import { Button, Group, Modal, Text } from "@mantine/core";

/** Asks whether what is typed may be lost. */
export function DiscardDialog({ opened, onKeep, onDiscard }: { opened: boolean; onKeep: () => void; onDiscard: () => void }) {
  return (
    <Modal opened={opened} onClose={onKeep} title="Discard what you typed?" size="sm" centered>
      <Text>It is not saved.</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onKeep} data-autofocus>
          Keep editing
        </Button>
        <Button color="red.8" onClick={onDiscard}>
          Discard
        </Button>
      </Group>
    </Modal>
  );
}
