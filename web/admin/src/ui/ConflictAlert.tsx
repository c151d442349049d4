import { Alert, Button, Group, Text } from "@mantine/core";
import IconGitMerge from "@tabler/icons-react/icons/IconGitMerge";
import classes from "./ConflictAlert.module.css";

/** A field that somebody has changed, in words: as it is stored, and as it is in the form. */
export type ConflictingField = { label: string; theirs: string; mine: string };

type Props = {
  /** What has changed, such as "this group". */
  what: string;
  fields: readonly ConflictingField[];
  onKeepMine: () => void;
  onTakeTheirs: () => void;
};

/** Shows what somebody else has saved since the form was opened, beside what is in the form, and lets the person choose. */
export function ConflictAlert({ what, fields, onKeepMine, onTakeTheirs }: Props) {
  return (
    <Alert color="yellow" icon={<IconGitMerge />} title={`Somebody else has changed ${what} meanwhile`} role="alert">
      <Text size="sm" mb="sm">
        Nothing is saved yet. Saving yours keeps what they changed in the fields that you did not touch.
      </Text>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>Field</th>
            <th>Theirs, saved</th>
            <th>Yours, in the form</th>
          </tr>
        </thead>
        <tbody>
          {fields.map(({ label, theirs, mine }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{theirs}</td>
              <td>{mine}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Group mt="sm">
        <Button size="compact-md" onClick={onKeepMine}>
          Save mine
        </Button>
        <Button size="compact-md" variant="default" onClick={onTakeTheirs}>
          Take theirs
        </Button>
      </Group>
    </Alert>
  );
}
