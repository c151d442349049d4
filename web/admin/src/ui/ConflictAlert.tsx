import { Alert, Button, Group, Text } from "@mantine/core";
import IconGitMerge from "@tabler/icons-react/icons/IconGitMerge";
import classes from "./ConflictAlert.module.css";

/** A field that somebody has changed, in words: as it is stored, and as it is in the form. */
export type ConflictingField = { label: string; theirs: string; mine: string };

type Props = {
  /** What has changed, such as "this group". */
  what: string;
  fields: readonly ConflictingField[];
  note?: string;
  /** The heading of the column beside the stored version. */
  mine?: string;
  keep?: string;
  take?: string;
  onKeepMine: () => void;
  onTakeTheirs: () => void;
};

/** Shows what somebody else has saved since the form was opened, beside what is in the form, and lets the person choose. */
export function ConflictAlert({
  what,
  fields,
  note = "Nothing is saved yet. Saving yours keeps what they changed in the fields that you did not touch.",
  mine = "Yours, in the form",
  keep = "Save mine",
  take = "Take theirs",
  onKeepMine,
  onTakeTheirs,
}: Props) {
  return (
    <Alert color="yellow" icon={<IconGitMerge />} title={`Somebody else has changed ${what} meanwhile`} role="alert">
      <Text size="sm" mb="sm">
        {note}
      </Text>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>Field</th>
            <th>Theirs, saved</th>
            <th>{mine}</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field.label}>
              <th scope="row">{field.label}</th>
              <td>{field.theirs}</td>
              <td>{field.mine}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Group mt="sm">
        <Button size="compact-md" onClick={onKeepMine}>
          {keep}
        </Button>
        <Button size="compact-md" variant="default" onClick={onTakeTheirs}>
          {take}
        </Button>
      </Group>
    </Alert>
  );
}
