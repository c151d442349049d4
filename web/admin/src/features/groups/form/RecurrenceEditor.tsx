import { Button, Chip, Fieldset, Group, NumberInput, Pill, Select, Stack, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useRef, useState } from "react";
import { formatDay } from "../../../ui/times";
import type { GroupValues } from "./groupValues";
import { RecurrencePreview } from "./RecurrencePreview";
import { WEEKDAYS, type RecurrenceValues, type Weekday } from "./recurrenceRule";

const REPEATS = [
  { value: "NEVER", label: "Without a rule" },
  { value: "DAILY", label: "Daily" },
  { value: "WEEKLY", label: "Weekly" },
  { value: "MONTHLY", label: "Monthly" },
  { value: "RULE", label: "By a rule of RFC 5545" },
];
const UNITS = { DAILY: "days", WEEKLY: "weeks", MONTHLY: "months", NEVER: "", RULE: "" };
const WEEKS = [
  { value: "1", label: "first" },
  { value: "2", label: "second" },
  { value: "3", label: "third" },
  { value: "4", label: "fourth" },
  { value: "-1", label: "last" },
];
const DAY_NAMES: Record<Weekday, string> = {
  SU: "Sunday", MO: "Monday", TU: "Tuesday", WE: "Wednesday", TH: "Thursday", FR: "Friday", SA: "Saturday",
};
const ENDS = [
  { value: "NEVER", label: "Never" },
  { value: "UNTIL", label: "On a day" },
  { value: "COUNT", label: "After a number of sessions" },
];

type Preset = { label: string; values: Partial<RecurrenceValues> };
const PRESETS: Preset[] = [
  { label: "Weekly", values: { repeats: "WEEKLY", interval: 1 } },
  { label: "Every 2 weeks", values: { repeats: "WEEKLY", interval: 2 } },
  { label: "Monday to Friday", values: { repeats: "WEEKLY", interval: 1, weekdays: ["MO", "TU", "WE", "TH", "FR"] } },
  { label: "Monthly", values: { repeats: "MONTHLY", interval: 1 } },
];

type Props = { form: UseFormReturnType<GroupValues> };

/** How often a group meets, with the rule in words and the next dates as the server understands them. */
export function RecurrenceEditor({ form }: Props) {
  const values = form.values.recurrence;
  const change = (changed: Partial<RecurrenceValues>) => form.setFieldValue("recurrence", { ...values, ...changed });
  const field = (name: keyof RecurrenceValues) => form.getInputProps(`recurrence.${name}`);
  const hasFields = values.repeats !== "NEVER" && values.repeats !== "RULE";
  return (
    <Fieldset legend="When it meets">
      <Stack>
        <Group gap="xs" role="group" aria-label="Presets">
          {PRESETS.map(({ label, values: preset }) => (
            <Button key={label} variant="default" size="compact-sm" onClick={() => change(preset)}>
              {label}
            </Button>
          ))}
        </Group>
        <Group align="flex-start">
          <Select label="Repeats" data={REPEATS} allowDeselect={false} flex="1 1 200px" {...field("repeats")} />
          {hasFields && (
            <NumberInput
              label="Every"
              suffix={` ${Number(values.interval) === 1 ? UNITS[values.repeats].slice(0, -1) : UNITS[values.repeats]}`}
              min={1}
              max={99}
              flex="1 1 140px"
              {...field("interval")}
            />
          )}
        </Group>
        {values.repeats === "MONTHLY" && (
          <Select label="On the" data={WEEKS} allowDeselect={false} maw={200} {...field("week")} />
        )}
        {(values.repeats === "WEEKLY" || values.repeats === "MONTHLY") && <Weekdays values={values} change={change} />}
        {values.repeats === "RULE" && (
          <TextInput label="Rule" description="For example FREQ=YEARLY;BYMONTH=1" {...field("rule")} />
        )}
        {values.repeats !== "NEVER" && (
          <Group align="flex-start" grow preventGrowOverflow={false}>
            <TextInput type="date" label="First day" required withAsterisk={false} {...field("startDate")} />
            <TextInput type="time" label="Starts at" required withAsterisk={false} {...field("startTime")} />
          </Group>
        )}
        {hasFields && (
          <Group align="flex-start" grow preventGrowOverflow={false}>
            <Select label="Ends" data={ENDS} allowDeselect={false} {...field("ends")} />
            {values.ends === "UNTIL" && <TextInput type="date" label="Last day" {...field("until")} />}
            {values.ends === "COUNT" && <NumberInput label="Sessions" min={1} max={9999} {...field("count")} />}
          </Group>
        )}
        {values.repeats !== "NEVER" && <ExcludedDates values={values} change={change} error={field("excludedDates").error} />}
        <RecurrencePreview values={values} locationId={form.values.locationId} timeZone={form.values.timeZone} />
      </Stack>
    </Fieldset>
  );
}

type PartProps = { values: RecurrenceValues; change: (changed: Partial<RecurrenceValues>) => void };

function Weekdays({ values, change }: PartProps) {
  const several = values.repeats === "WEEKLY";
  return (
    <Group gap="xs" role="group" aria-label="Weekdays">
      {WEEKDAYS.map((day) => (
        <Chip
          key={day}
          variant="outline"
          checked={values.weekdays.includes(day)}
          onChange={(checked) => {
            const others = several ? values.weekdays.filter((other) => other !== day) : [];
            change({ weekdays: checked ? [...others, day] : others });
          }}
        >
          {DAY_NAMES[day]}
        </Chip>
      ))}
    </Group>
  );
}

function ExcludedDates({ values, change, error }: PartProps & { error: React.ReactNode }) {
  const [day, setDay] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const add = () => {
    change({ excludedDates: [...new Set([...values.excludedDates, day])].toSorted() });
    setDay("");
    input.current?.focus(); // for the next day, and because the button is disabled until there is one
  };
  const remove = (removed: string) => {
    change({ excludedDates: values.excludedDates.filter((other) => other !== removed) });
    input.current?.focus();
  };
  return (
    <div>
      <Group align="flex-end" gap="xs">
        <TextInput
          ref={input}
          type="date"
          label="Not on"
          description="Days on which the group does not meet"
          value={day}
          onChange={(event) => setDay(event.currentTarget.value)}
          data-path="recurrence.excludedDates"
          error={error}
          flex="1 1 200px"
        />
        <Button variant="default" onClick={add} disabled={day === ""}>
          Add day
        </Button>
      </Group>
      {values.excludedDates.length > 0 && (
        <Group gap="xs" mt="xs">
          {values.excludedDates.map((excluded) => (
            <Pill
              key={excluded}
              withRemoveButton
              removeButtonProps={{ "aria-label": `Remove ${formatDay(excluded)}`, "aria-hidden": false, tabIndex: 0 }}
              onRemove={() => remove(excluded)}
            >
              {formatDay(excluded)}
            </Pill>
          ))}
        </Group>
      )}
    </div>
  );
}
