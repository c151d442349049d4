import { Button, Fieldset, Group, MultiSelect, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { ReactNode } from "react";
import { useQuery } from "urql";
import type { Fault } from "../../../api/faults";
import { graphql } from "../../../api/generated";
import type { GroupFormFragment, GroupType } from "../../../api/generated/graphql";
import { FaultAlert } from "../../../ui/FaultAlert";
import { LeaveGuard } from "../../../ui/LeaveGuard";
import { LocationSelect } from "../../locations/LocationSelect";
import { StaffSelect } from "../../staff/StaffSelect";
import { GROUP_TYPES, optionsOf } from "../words";
import type { GroupValues } from "./groupValues";
import { RecurrenceEditor } from "./RecurrenceEditor";

const RuleSets = graphql(`
  query RuleSets {
    complianceRuleSets {
      id
      title
      program
      payer
    }
  }
`);

const PROGRAMS: GroupType[] = ["IOP", "PHP"];

type Props = {
  form: UseFormReturnType<GroupValues>;
  /** The group as it was when the form opened; null for a new one. */
  group: GroupFormFragment | null;
  submit: string;
  running: boolean;
  faults: readonly Fault[];
  onSubmit: (values: GroupValues) => Promise<void>;
  onCancel: () => void;
  children?: ReactNode;
};

/** The fields of a group, for a new one and for an existing one. */
export function GroupForm({ form, group, submit, running, faults, onSubmit, onCancel, children }: Props) {
  return (
    <form
      onSubmit={form.onSubmit(
        (values) => void onSubmit(values),
        (missing) => form.getInputNode(Object.keys(missing)[0]!)?.focus(),
      )}
      noValidate
    >
      <LeaveGuard dirty={() => form.isDirty()} />
      <Stack maw={760}>
        {children}
        <FaultAlert faults={faults} />
        <Fieldset legend="Group">
          <Stack>
            <TextInput label="Name" required maxLength={200} {...form.getInputProps("name")} />
            <Select label="Type" required data={optionsOf(GROUP_TYPES)} {...form.getInputProps("groupType")} />
            <Program form={form} />
            <StaffSelect
              label="Facilitator"
              description="Search by name"
              required
              initial={group?.facilitator}
              {...form.getInputProps("facilitatorId")}
            />
            <StaffSelect
              label="Co-facilitator"
              description="Optional"
              clearable
              clearButtonProps={{ "aria-label": "Clear the co-facilitator" }}
              initial={group?.coFacilitator}
              {...form.getInputProps("coFacilitatorId")}
            />
            <LocationSelect
              label="Location"
              description="Optional. Search by site or room"
              clearable
              clearButtonProps={{ "aria-label": "Clear the location" }}
              initial={group?.location}
              {...form.getInputProps("locationId")}
            />
          </Stack>
        </Fieldset>
        <Fieldset legend="Seats and length">
          <Group align="flex-start" grow preventGrowOverflow={false}>
            <NumberInput label="Seats" required min={1} max={500} {...form.getInputProps("maxCapacity")} />
            <NumberInput label="Minimum to run well" min={1} max={500} {...form.getInputProps("minCapacity")} />
            <NumberInput label="Minutes of a session" required min={5} max={720} {...form.getInputProps("durationMinutes")} />
          </Group>
        </Fieldset>
        <RecurrenceEditor form={form} />
        <Fieldset legend="Time zone">
          <Select
            label="Zone of its times"
            description="By default the location's, otherwise the clinic's"
            placeholder="Default"
            searchable
            clearable
            clearButtonProps={{ "aria-label": "Clear the time zone" }}
            limit={50}
            data={Intl.supportedValuesOf("timeZone")}
            {...form.getInputProps("timeZone")}
          />
        </Fieldset>
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={running}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The fields that belong to intensive programs. */
function Program({ form }: { form: UseFormReturnType<GroupValues> }) {
  const { groupType } = form.values;
  const isProgram = groupType !== null && PROGRAMS.includes(groupType);
  const [{ data }] = useQuery({ query: RuleSets, pause: !isProgram });
  const ruleSets = data?.complianceRuleSets?.filter(({ program }) => program === groupType) ?? [];
  return (
    <>
      {isProgram && (
        <Select
          label="Rule set"
          description="What each week is compared with"
          placeholder="The default of its type"
          clearable
          clearButtonProps={{ "aria-label": "Clear the rule set" }}
          data={ruleSets.map(({ id, title, payer }) => ({ value: id, label: `${title} (${payer})` }))}
          {...form.getInputProps("complianceRuleSetId")}
        />
      )}
      <MultiSelect
        label="Counts toward"
        description="Programs whose patients' hours its sessions add to"
        data={PROGRAMS}
        {...form.getInputProps("countsToward")}
      />
    </>
  );
}
