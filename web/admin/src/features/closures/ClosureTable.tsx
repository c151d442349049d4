import { Badge, Button, Group, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { readFragment, type FragmentType } from "../../api/generated";
import type { ClosureRowFragment } from "../../api/generated/graphql";
import { Allowed } from "../../permissions/permissions";
import { localToday } from "../../ui/times";
import { ClosureRowFields, daysInWords, placeInWords } from "./closureRow";
import classes from "./ClosureTable.module.css";
import { useClosureDialog } from "./useClosureDialog";

type Props = {
  title: string;
  closures: ReadonlyArray<FragmentType<typeof ClosureRowFields>>;
  /** What shows if there is no closure. */
  children?: ReactNode;
};

export function ClosureTable({ title, closures, children }: Props) {
  return (
    <section aria-label={title}>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      {closures.length === 0 ? (
        children
      ) : (
        <table className={classes.table}>
          <thead>
            <tr>
              <th>Closure</th>
              <th className={classes.wide}>Days</th>
              <th className={classes.wide}>What is closed</th>
              <th className={classes.actions}>Actions</th>
            </tr>
          </thead>
          <tbody>
            {readFragment(ClosureRowFields, closures).map((closure) => (
              <ClosureRow key={closure.id} closure={closure} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function ClosureRow({ closure }: { closure: ClosureRowFragment }) {
  const { show } = useClosureDialog();
  const { id, name, from, through } = closure;
  const today = localToday();
  return (
    <tr>
      <th scope="row" className={classes.name}>
        {name}{" "}
        {from <= today && today <= through && (
          <Badge color="gray.7" radius="sm" tt="none">
            Closed today
          </Badge>
        )}
        <div className={classes.narrow}>
          <div>{daysInWords(closure)}</div>
          <div>{placeInWords(closure)}</div>
        </div>
      </th>
      <td className={classes.wide}>{daysInWords(closure)}</td>
      <td className={classes.wide}>{placeInWords(closure)}</td>
      <td className={classes.actions}>
        <Group gap="xs" className={classes.buttons}>
          <Button variant="default" size="compact-sm" aria-label={`Sessions during ${name}`} onClick={() => show("sessions", id)}>
            Sessions
          </Button>
          <Allowed to="pm.group_schedule.edit">
            <Button variant="default" size="compact-sm" aria-label={`Edit ${name}`} onClick={() => show("edit", id)}>
              Edit
            </Button>
          </Allowed>
          <Allowed to="pm.group_schedule.delete">
            <Button variant="default" size="compact-sm" aria-label={`Delete ${name}`} onClick={() => show("delete", id)}>
              Delete
            </Button>
          </Allowed>
        </Group>
      </td>
    </tr>
  );
}
