import { Group, MultiSelect, Radio, TextInput } from "@mantine/core";
import type { GetInputPropsReturnType } from "@mantine/form";
import type { Weekday } from "../../api/generated/graphql";
import { counted } from "../../ui/names";
import type { SelectionValues } from "./selectionValues";

const WEEKDAYS: { value: Weekday; label: string }[] = [
  { value: "MONDAY", label: "Monday" },
  { value: "TUESDAY", label: "Tuesday" },
  { value: "WEDNESDAY", label: "Wednesday" },
  { value: "THURSDAY", label: "Thursday" },
  { value: "FRIDAY", label: "Friday" },
  { value: "SATURDAY", label: "Saturday" },
  { value: "SUNDAY", label: "Sunday" },
];

type Props = {
  scope: SelectionValues["scope"];
  selected: number;
  fieldProps: (name: `selection.${keyof SelectionValues}`) => GetInputPropsReturnType;
};

/** Which sessions: those that are selected in the list, or those of some days. */
export function SelectionFields({ scope, selected, fieldProps }: Props) {
  return (
    <>
      {selected > 0 && (
        <Radio.Group label="Which sessions" {...fieldProps("selection.scope")}>
          <Group mt="xs">
            <Radio value="IDS" label={`The ${counted(selected, "selected session")}`} />
            <Radio value="DAYS" label="Those of some days" />
          </Group>
        </Radio.Group>
      )}
      {scope === "DAYS" && (
        <>
          <Group align="flex-start" grow preventGrowOverflow={false}>
            <TextInput type="date" label="First day" required data-autofocus {...fieldProps("selection.from")} />
            <TextInput type="date" label="Last day" required {...fieldProps("selection.through")} />
          </Group>
          <MultiSelect
            label="Only on"
            placeholder="All days of the week"
            data={WEEKDAYS}
            clearable
            clearButtonProps={{ "aria-label": "Clear the days of the week" }}
            {...fieldProps("selection.weekdays")}
          />
        </>
      )}
    </>
  );
}
