import { Group, MultiSelect, SegmentedControl, Stack, Text } from "@mantine/core";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { usePermissions } from "../../permissions/permissions";
import { UnusableKeys } from "../../permissions/UnusableKeys";
import { DayStepper } from "../../ui/DayStepper";
import { OUTLOOKS } from "../../ui/outlooks";
import { PageHeader } from "../../ui/PageHeader";
import { NoPermission } from "../../ui/states";
import { addDays, localToday } from "../../ui/times";
import { optionsOf } from "../groups/words";
import { BoardSection } from "./BoardSection";
import { PROGRAMS, type ComplianceSearch } from "./search";

const route = getRouteApi("/compliance");

/** The patients of all programs in a week and the next one, those at risk first, with what would mend their weeks. */
export function CompliancePage() {
  const may = usePermissions();
  if (!may("pm.group_enrollments.view")) {
    return <NoPermission wholePage what="the weeks of patients" needs="pm.group_enrollments.view" />;
  }
  return <Board />;
}

function Board() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/compliance" });
  const narrow = (change: Partial<ComplianceSearch>) =>
    void navigate({ search: (previous) => ({ ...previous, ...change }), replace: true, resetScroll: false });
  const first = search.week ?? localToday();
  const isCurrent = search.week === undefined;
  const programs = search.program === undefined ? PROGRAMS : [search.program];
  const weeks = [
    { weekOf: first, name: isCurrent ? "This week" : null },
    { weekOf: addDays(first, 7), name: isCurrent ? "Next week" : null },
  ];
  return (
    <>
      <PageHeader
        title="Compliance"
        below={<Text c="dimmed">Each patient's week in intensive programs. Hours of individual sessions are not counted.</Text>}
      />
      <Group align="flex-end" gap="sm" mb="lg">
        <DayStepper unit="week" day={first} onChange={(week) => narrow({ week })} />
        <SegmentedControl
          aria-label="Program"
          data={[{ value: "", label: "All programs" }, ...PROGRAMS]}
          value={search.program ?? ""}
          onChange={(program) => narrow({ program: program === "" ? undefined : program })}
        />
        <MultiSelect
          aria-label="Outlook"
          placeholder={search.outlook === undefined ? "Any outlook" : undefined}
          data={optionsOf(OUTLOOKS)}
          value={search.outlook ?? []}
          onChange={(outlook) => narrow({ outlook })}
          clearable
          clearButtonProps={{ "aria-label": "Clear the outlooks" }}
          flex="1 1 200px"
          maw={420}
          miw={0}
        />
      </Group>
      <Stack gap="xl">
        {weeks.flatMap(({ weekOf, name }) =>
          programs.map((program) => (
            <BoardSection
              key={`${program} ${name ?? weekOf}`}
              program={program}
              weekOf={weekOf}
              name={name}
              outlook={search.outlook}
              pageSize={search.program === undefined ? 10 : 25}
            />
          )),
        )}
      </Stack>
      <UnusableKeys of={["enrollments"]} />
    </>
  );
}
