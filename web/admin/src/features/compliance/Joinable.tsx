import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { counted, hoursOf } from "../../ui/names";
import classes from "./Compliance.module.css";
import type { JoinableGroup } from "./useJoinable";

const MOST_SHOWN = 2;

type Props = {
  groups: readonly JoinableGroup[];
  /** The ids of the groups that the patient is in already. */
  inGroups: readonly string[];
};

/** The groups that a patient could still join in a week. */
export function Joinable({ groups, inGroups }: Props) {
  const others = groups.filter(({ id }) => !inGroups.includes(id));
  if (others.length === 0) return null;
  return (
    <div className={classes.join}>
      {others.slice(0, MOST_SHOWN).map(({ id, name, hours, days, freeSeats }) => (
        <div key={id}>
          Could still join{" "}
          <Anchor inherit underline="always" renderRoot={(props) => <Link to="/groups/$groupId" params={{ groupId: id }} {...props} />}>
            {name}
          </Anchor>
          : {hoursOf(hours)} on {counted(days, "day")}, {counted(freeSeats, "free seat")}
        </div>
      ))}
      {others.length > MOST_SHOWN && <div>and {counted(others.length - MOST_SHOWN, "other group")}</div>}
    </div>
  );
}
