import { Group, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { SessionFormFragment } from "../../api/generated/graphql";
import { formatTime, zoneIfDifferent } from "../../ui/times";
import { LocationSelect } from "../locations/LocationSelect";
import { StaffSelect } from "../staff/StaffSelect";
import { minutesOf, timeAfter, type SessionValues } from "./sessionValues";

type Form = UseFormReturnType<SessionValues>;

/** The words of what is chosen, by the names of the fields. */
export type ChosenNames = Partial<Record<keyof SessionValues, string>>;

type WhenProps = { form: Form; timeZone: string; durationMinutes?: number };

/** The date and the times of a session. While the start is changed, the session keeps its length. */
export function WhenFields({ form, timeZone, durationMinutes }: WhenProps) {
  const { sessionDate, startTime, endTime } = form.values;
  // Of zones that change their clocks on different days, the viewer's may differ on one date and not on another.
  const zone = zoneIfDifferent(sessionDate === "" ? new Date().toISOString() : `${sessionDate}T12:00Z`, timeZone);
  const start = form.getInputProps("startTime");
  const changeStart = (next: string) => {
    form.setFieldValue("startTime", next);
    if (next === "" || startTime === "" || endTime === "") return;
    form.setFieldValue("endTime", timeAfter(next, minutesOf(endTime) - minutesOf(startTime)));
  };
  const byDefault = startTime !== "" && durationMinutes !== undefined ? timeAfter(startTime, durationMinutes) : "";
  return (
    <>
      <TextInput
        type="date"
        label="Date"
        description={zone === null ? undefined : `Its times are those of ${timeZone} (${zone})`}
        required
        data-autofocus
        {...form.getInputProps("sessionDate")}
      />
      <Group align="flex-start" grow preventGrowOverflow={false}>
        <TextInput type="time" label="Start" required {...start} onChange={(event) => changeStart(event.currentTarget.value)} />
        <TextInput
          type="time"
          label="End"
          inputWrapperOrder={["label", "input", "description", "error"]}
          description={endTime === "" && byDefault !== "" ? `By default ${formatTime(byDefault)}` : undefined}
          {...form.getInputProps("endTime")}
        />
      </Group>
    </>
  );
}

type Defaults = Pick<SessionFormFragment, "facilitator" | "coFacilitator" | "location">;
type WhoProps = { form: Form; initial: Defaults; onNames?: (names: ChosenNames) => void };

/** Who leads a session, and where. */
export function WhoFields({ form, initial, onNames }: WhoProps) {
  const props = (name: "facilitatorId" | "coFacilitatorId" | "locationId") => {
    const input = form.getInputProps(name);
    return {
      ...input,
      onChange: (id: string | null, option: { label: string } | null) => {
        onNames?.({ [name]: option?.label ?? "None" });
        (input.onChange as (value: string | null) => void)(id);
      },
    };
  };
  return (
    <>
      <StaffSelect label="Facilitator" description="Search by name" required initial={initial.facilitator} {...props("facilitatorId")} />
      <StaffSelect
        label="Co-facilitator"
        description="Optional"
        clearable
        clearButtonProps={{ "aria-label": "Clear the co-facilitator" }}
        initial={initial.coFacilitator}
        {...props("coFacilitatorId")}
      />
      <LocationSelect
        label="Location"
        description="Optional. Search by site or room"
        clearable
        clearButtonProps={{ "aria-label": "Clear the location" }}
        initial={initial.location}
        {...props("locationId")}
      />
    </>
  );
}
