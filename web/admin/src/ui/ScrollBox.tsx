import type { ReactNode } from "react";
import classes from "./ScrollBox.module.css";

/** A long list in a dialog, which scrolls by itself, by keyboard too. */
export function ScrollBox({ label, children }: { label: string; children: ReactNode }) {
  return (
    // A scrolling box without anything in it that takes the focus must take it itself, or keyboards cannot scroll it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={classes.box} role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
