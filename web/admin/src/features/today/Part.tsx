import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { PermissionKey } from "../../permissions/permissions";
import { Section } from "../../ui/Section";
import { LeftOut } from "../../ui/states";

type Props<List extends { totalCount: number }> = {
  title: string;
  /** What the server lists; missing if the person may not see it. */
  list: List | null | undefined;
  what: string;
  needs: PermissionKey;
  /** What the part says if there is nothing. */
  none: string;
  children: (list: List) => ReactNode;
  /** What stands under the list, also if there is nothing. */
  below?: ReactNode;
};

/** One of the smaller parts of Today: a list, or a word on why there is none. */
export function Part<List extends { totalCount: number }>({ title, list, what, needs, none, children, below }: Props<List>) {
  if (list == null) {
    return (
      <Section title={title} framed>
        <LeftOut what={what} needs={needs} />
      </Section>
    );
  }
  return (
    <Section title={title} note={list.totalCount || undefined} framed>
      {list.totalCount === 0 ? <Text c="dimmed" size="sm">{none}</Text> : children(list)}
      {below}
    </Section>
  );
}
