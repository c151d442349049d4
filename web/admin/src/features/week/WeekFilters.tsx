import { Checkbox, Group, SegmentedControl, Select } from "@mantine/core";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { Lanes, WeekSearch } from "./search";
import classes from "./Week.module.css";
import type { Lane } from "./weekSessions";

type Props = { lanes: readonly Lane[]; clashing: number };

const route = getRouteApi("/week");
const CHOICES: { value: Lanes; label: string }[] = [
  { value: "facilitator", label: "By facilitator" },
  { value: "room", label: "By room" },
];

/** What the rows of the calendar are, and which of them show. The address holds it. */
export function WeekFilters({ lanes, clashing }: Props) {
  const { by = "facilitator", only, clashes } = route.useSearch();
  const navigate = useNavigate({ from: "/week" });
  const narrow = (change: Partial<WeekSearch>) =>
    void navigate({ search: (previous) => ({ ...previous, ...change }), replace: true, resetScroll: false });
  const choices = lanes.map(({ id, name }) => ({ value: id, label: name }));
  // Without this, somebody who has no session in the week would look as if everybody showed.
  if (only !== undefined && lanes.every(({ id }) => id !== only)) choices.push({ value: only, label: "No sessions in this week" });
  return (
    <Group component="search" className={classes.filters} align="flex-end" gap="md" mb="md">
      <SegmentedControl
        aria-label="Rows of the calendar"
        data={CHOICES}
        value={by}
        onChange={(next) => narrow({ by: next === "room" ? "room" : undefined, only: undefined })}
      />
      <Select
        aria-label={by === "room" ? "Room" : "Facilitator"}
        placeholder={by === "room" ? "All rooms" : "All facilitators"}
        data={choices}
        value={only ?? null}
        onChange={(next) => narrow({ only: next ?? undefined })}
        searchable
        clearable
        clearButtonProps={{ "aria-label": "Show all" }}
        nothingFoundMessage="Nothing matches"
        flex="1 1 220px"
        maw={360}
      />
      <Checkbox
        label={`Only conflicts (${clashing})`}
        checked={clashes ?? false}
        onChange={(event) => narrow({ clashes: event.currentTarget.checked || undefined })}
        pb={8}
      />
    </Group>
  );
}
