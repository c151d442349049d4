import { ActionIcon, Button, Group, TextInput } from "@mantine/core";
import IconChevronLeft from "@tabler/icons-react/icons/IconChevronLeft";
import IconChevronRight from "@tabler/icons-react/icons/IconChevronRight";
import { addDays, localToday } from "./times";

type Props = {
  /** The day that shows, or any day of the week that shows. */
  day: string;
  unit: "day" | "week";
  /** Undefined means today, so that a page that stays open shows the next day after midnight. */
  onChange: (day: string | undefined) => void;
};

const STEP = { day: 1, week: 7 };
const TO_TODAY = { day: "Today", week: "This week" };

/** Goes to the day or the week before, after, to any other, and back to the current one. */
export function DayStepper({ day, unit, onChange }: Props) {
  const go = (next: string) => onChange(next === localToday() ? undefined : next);
  return (
    <Group gap="xs" role="group" aria-label={`Choose the ${unit}`}>
      <ActionIcon variant="default" size={36} aria-label={`Previous ${unit}`} onClick={() => go(addDays(day, -STEP[unit]))}>
        <IconChevronLeft size={18} aria-hidden />
      </ActionIcon>
      <TextInput
        type="date"
        aria-label={unit === "day" ? "Day" : "Any day of the week"}
        value={day}
        onChange={({ currentTarget: { value } }) => value !== "" && go(value)}
        w={134}
      />
      <ActionIcon variant="default" size={36} aria-label={`Next ${unit}`} onClick={() => go(addDays(day, STEP[unit]))}>
        <IconChevronRight size={18} aria-hidden />
      </ActionIcon>
      <Button variant="default" px="sm" onClick={() => onChange(undefined)}>
        {TO_TODAY[unit]}
      </Button>
    </Group>
  );
}
