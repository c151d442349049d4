import { Button, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import classes from "./ShortList.module.css";

const SHOWN = 6;

type Props<Item extends { id: string }> = {
  items: readonly Item[];
  /** The number of items on the server, if that may be more. */
  total?: number;
  children: (item: Item) => ReactNode;
};

/** A list that begins with a few items and shows the others on request. */
export function ShortList<Item extends { id: string }>({ items, total = items.length, children }: Props<Item>) {
  const [whole, setWhole] = useState(false);
  const shown = whole ? items : items.slice(0, SHOWN);
  return (
    <>
      <ul className={classes.list}>
        {shown.map((item) => (
          <li key={item.id}>{children(item)}</li>
        ))}
      </ul>
      {shown.length < items.length && (
        <Button variant="subtle" size="compact-sm" mt={4} ml={-8} onClick={() => setWhole(true)}>
          Show {items.length - shown.length} more
        </Button>
      )}
      {shown.length === items.length && items.length < total && (
        <Text size="sm" c="dimmed" mt={4}>
          The first {items.length} of {total}.
        </Text>
      )}
    </>
  );
}
