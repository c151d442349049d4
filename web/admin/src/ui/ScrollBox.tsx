import type { ReactNode } from "react";
import classes from "./ScrollBox.module.css";

/** A long list in a dialog, which scrolls by itself, by keyboard too. */
export function ScrollBox({ label, children }: { label: string; children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- without the focus, keyboards cannot scroll it
    <div className={classes.box} role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
