import { Group, Paper, Text, TextInput } from "@mantine/core";
import type { FragmentType } from "../../api/generated";
import { usePermissions } from "../../permissions/permissions";
import { LocationSelect } from "../locations/LocationSelect";
import type { AffectedSessionFields } from "./affectedSession";
import { AffectedSessions } from "./AffectedSessions";
import { placeInWords } from "./closureRow";
import type { ClosurePlace } from "./closureVersions";
import type { ClosureForm } from "./useClosureForm";

type FieldsProps = {
  form: ClosureForm;
  location: ClosurePlace;
  /** Gets the location that is chosen; null for the whole organization. */
  onPlace?: (place: ClosurePlace) => void;
};

/** The fields of a closure, for adding and editing one. */
export function ClosureFields({ form, location, onPlace }: FieldsProps) {
  const may = usePermissions();
  const { onChange: changeFrom, ...from } = form.getInputProps("from");
  return (
    <>
      <TextInput label="Name" description="For example Thanksgiving" maxLength={200} data-autofocus {...form.getInputProps("name")} />
      <Group align="flex-start" grow preventGrowOverflow={false}>
        <TextInput
          type="date"
          label="First day"
          {...from}
          onChange={(event) => {
            const day = event.currentTarget.value;
            if (form.values.through === "" || form.values.through < day) form.setFieldValue("through", day);
            changeFrom(event);
          }}
        />
        <TextInput type="date" label="Last day" min={form.values.from || undefined} {...form.getInputProps("through")} />
      </Group>
      {may("pm.group_definitions.view") ? (
        <LocationSelect
          label="What is closed"
          description="A site includes its rooms"
          placeholder="Whole organization"
          clearable
          clearButtonProps={{ "aria-label": "Close the whole organization" }}
          initial={location}
          onChoose={onPlace}
          {...form.getInputProps("locationId")}
        />
      ) : (
        <Text size="sm">
          {placeInWords({ location })}. Choosing a location needs pm.group_definitions.view.
        </Text>
      )}
    </>
  );
}

type OutlookProps = {
  asking: boolean;
  complete: boolean;
  outlook: { affected: ReadonlyArray<FragmentType<typeof AffectedSessionFields>>; affectedCount: number } | null;
};

/** Says which sessions the closure hits, by the server's dry run, before it is saved. */
export function ClosureOutlook({ asking, complete, outlook }: OutlookProps) {
  return (
    <Paper withBorder p="sm" role="status" aria-label="Sessions on these days">
      {!complete ? (
        <Text size="sm">Choose the days to see the sessions that are scheduled on them.</Text>
      ) : asking ? (
        <Text size="sm">Asking the server for the sessions on these days …</Text>
      ) : outlook === null ? (
        <Text size="sm">The server would refuse this. Correct what is marked.</Text>
      ) : (
        <AffectedSessions sessions={outlook.affected} total={outlook.affectedCount} />
      )}
    </Paper>
  );
}
