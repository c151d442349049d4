import { graphql, readFragment, type FragmentType } from "../api/generated";
import classes from "./CapacityBar.module.css";

export const CapacityBarFields = graphql(`
  fragment CapacityBar on Capacity {
    enrolled
    max
    min
    available
    status
    belowMinimum
  }
`);

/** "Enrolled / Max" as a bar. Its words say what its color shows. */
export function CapacityBar({ of }: { of: FragmentType<typeof CapacityBarFields> }) {
  const { enrolled, max, min, available, status, belowMinimum } = readFragment(CapacityBarFields, of);
  const words = {
    OPEN: `${available} free`,
    FULL: "Full",
    OVER_CAPACITY: `${enrolled - max} over`,
  }[status];
  return (
    <div className={classes.root} data-status={status}>
      <div className={classes.words}>
        <span className={classes.count}>
          {enrolled} / {max}
        </span>
        <span className={classes.status}>{words}</span>
      </div>
      <div
        role="meter"
        aria-label="Seats taken"
        aria-valuemin={0}
        aria-valuemax={Math.max(max, enrolled)}
        aria-valuenow={enrolled}
        aria-valuetext={`${enrolled} of ${max} seats taken, ${words.toLowerCase()}`}
        className={classes.track}
      >
        <div className={classes.fill} style={{ inlineSize: `${Math.min(100, (100 * enrolled) / max)}%` }} />
      </div>
      {belowMinimum && <div className={classes.below}>Below minimum ({min})</div>}
    </div>
  );
}
