import { useForm } from "@mantine/form";

export type ClosureValues = { name: string; from: string; through: string; locationId: string | null };

/** Return the form of a closure. The last day follows the first one, so that a closure of one day is one date. */
export function useClosureForm(initialValues: ClosureValues) {
  return useForm<ClosureValues>({
    mode: "controlled",
    initialValues,
    validate: {
      name: (name) => (name.trim() === "" ? "Say why it is closed." : null),
      from: (from) => (from === "" ? "Choose the first day." : null),
      through: (through, { from }) =>
        through === "" ? "Choose the last day." : through < from ? "The last day is before the first one." : null,
    },
  });
}

export type ClosureForm = ReturnType<typeof useClosureForm>;

/** Return the values as a mutation takes them; null while they are not complete. */
export function completeInput({ name, from, through, locationId }: ClosureValues) {
  if (from === "" || through === "" || through < from) return null;
  return { name: name.trim(), from, through, locationId };
}
