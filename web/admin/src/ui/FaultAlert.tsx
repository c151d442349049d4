import { Alert } from "@mantine/core";
import IconAlertTriangle from "@tabler/icons-react/icons/IconAlertTriangle";
import type { Fault } from "../api/faults";

/** Shows the faults that belong to no field of a form. */
export function FaultAlert({ faults }: { faults: readonly Fault[] }) {
  if (faults.length === 0) return null;
  return (
    <Alert color="red" icon={<IconAlertTriangle />} title="This was not done" role="alert">
      {faults.map(({ message }) => (
        <div key={message}>{message}</div>
      ))}
    </Alert>
  );
}
