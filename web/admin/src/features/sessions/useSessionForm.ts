import { useForm } from "@mantine/form";
import type { SessionValues } from "./sessionValues";

/** Return the form of a session. It checks only what is missing: the server knows the rules, and says so at each field. */
export function useSessionForm(initialValues: SessionValues) {
  return useForm<SessionValues>({
    mode: "controlled",
    initialValues,
    validate: {
      sessionDate: (date) => (date === "" ? "Fill in the date." : null),
      startTime: (time) => (time === "" ? "Fill in when it starts." : null),
      facilitatorId: (id) => (id === null ? "Choose who leads it." : null),
    },
  });
}

/** Whether the values suffice to ask the server about them. */
export function isComplete({ sessionDate, startTime, facilitatorId }: SessionValues): boolean {
  return sessionDate !== "" && startTime !== "" && facilitatorId !== null;
}
