import { Button, Group, Text } from "@mantine/core";
import IconChevronLeft from "@tabler/icons-react/icons/IconChevronLeft";
import IconChevronRight from "@tabler/icons-react/icons/IconChevronRight";
import { useState } from "react";

export type Paging = {
  /** The cursor of the shown page; null for the first page. */
  after: string | null;
  /** The number of the shown page, from 0. */
  index: number;
  next: (endCursor: string) => void;
  previous: () => void;
};

/** Pages through a list by cursors. Another list, such as one with other filters, begins with its first page. */
export function usePaging(list: string): Paging {
  const [{ of, cursors }, set] = useState<{ of: string; cursors: readonly string[] }>({ of: list, cursors: [] });
  const current = of === list ? cursors : [];
  return {
    after: current.at(-1) ?? null,
    index: current.length,
    next: (endCursor) => set({ of: list, cursors: [...current, endCursor] }),
    previous: () => set({ of: list, cursors: current.slice(0, -1) }),
  };
}

type Props = {
  paging: Paging;
  size: number;
  shown: number;
  total: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  /**
   * The place of the first element, if the elements have places. Otherwise it is counted: from the end for the last page,
   * because elements that move or leave change where a page begins.
   */
  begins?: number | null;
  /** What stands in place of the range of the elements. */
  words?: string;
  /** What the buttons lead to, such as "Newer" and "Older". */
  labels?: [previous: string, next: string];
};

/** Where the page lies in its list, and the buttons to the pages around it. A list of one page has none. */
export function Pager({ paging, size, shown, total, pageInfo, begins = null, words, labels = ["Previous", "Next"] }: Props) {
  if (paging.index === 0 && !pageInfo.hasNextPage) return null;
  const first = begins ?? (pageInfo.hasNextPage ? paging.index * size : total - shown) + 1;
  const { endCursor } = pageInfo;
  return (
    <Group role="group" aria-label="Pages" justify="space-between" mt="md">
      <Text size="sm" c="dimmed" role="status">
        {words ?? (shown === 0 ? `None of ${total} on this page` : `${first} to ${first + shown - 1} of ${total}`)}
      </Text>
      <Group gap="xs">
        <PageButton label={labels[0]} icon="left" to={paging.index === 0 ? null : paging.previous} />
        <PageButton
          label={labels[1]}
          icon="right"
          to={pageInfo.hasNextPage && endCursor !== null ? () => paging.next(endCursor) : null}
        />
      </Group>
    </Group>
  );
}

/** A button that leads nowhere keeps the focus, so that a person at the keyboard stays at the pager. */
function PageButton({ label, icon, to }: { label: string; icon: "left" | "right"; to: (() => void) | null }) {
  return (
    <Button
      variant="default"
      size="compact-md"
      aria-disabled={to === null}
      data-disabled={to === null || undefined}
      onClick={() => to?.()}
      leftSection={icon === "left" && <IconChevronLeft size={16} aria-hidden />}
      rightSection={icon === "right" && <IconChevronRight size={16} aria-hidden />}
    >
      {label}
    </Button>
  );
}
