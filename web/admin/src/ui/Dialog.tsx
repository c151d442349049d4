import { Button, Group, Modal, Stack } from "@mantine/core";
import type { FormEventHandler, ReactNode } from "react";
import type { Fault } from "../api/faults";
import { usePermissions, type PermissionKey } from "../permissions/permissions";
import { FaultAlert } from "./FaultAlert";
import { LeaveGuard } from "./LeaveGuard";
import { NoPermission } from "./states";

type DialogProps = {
  opened: boolean;
  /** The permissions for what it does. The address opens it also for people who are not offered it. */
  needs: PermissionKey | readonly PermissionKey[];
  title: string;
  size?: "md" | "lg";
  /** Whether something else is open above it, which then has the focus and Escape. */
  covered?: boolean;
  onClose: () => void;
  children: ReactNode;
};

/** A dialog whose content mounts when it opens, so that each opening starts with an empty form. */
export function Dialog({ opened, needs, title, size = "md", covered = false, onClose, children }: DialogProps) {
  const may = usePermissions();
  const missing = [needs].flat().find((key) => !may(key));
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={size} closeOnEscape={!covered} trapFocus={!covered}>
      {missing === undefined ? children : <NoPermission what="this form" needs={missing} />}
    </Modal>
  );
}

type FormProps = {
  submit: string;
  /** The words of the button that leaves, if "Cancel" would be mistaken for what the form does. */
  leave?: string;
  /** Whether submitting takes something away from somebody. */
  takesAway?: boolean;
  running: boolean;
  faults: readonly Fault[];
  dirty: () => boolean;
  onSubmit: FormEventHandler<HTMLFormElement>;
  onClose: () => void;
  children: ReactNode;
};

/** The form in a dialog. It stays until the server has accepted, so that nothing typed is lost. */
export function DialogForm({ submit, leave = "Cancel", takesAway, running, faults, dirty, onSubmit, onClose, children }: FormProps) {
  return (
    <form onSubmit={onSubmit} noValidate>
      <LeaveGuard dirty={dirty} />
      <Stack>
        <FaultAlert faults={faults} />
        {children}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {leave}
          </Button>
          <Button type="submit" loading={running} color={takesAway ? "red.8" : undefined}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
