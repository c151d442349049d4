import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../api/generated";
import type { GroupSearchQuery } from "../../api/generated/graphql";
import { SearchSelect, type FieldProps } from "../../ui/SearchSelect";
import { GROUP_TYPES } from "./words";

const GroupSearch = graphql(`
  query GroupSearch($search: String) {
    groupDefinitions(filter: { search: $search }, first: 20) {
      nodes {
        id
        name
        groupType
        capacity {
          enrolled
          waitlisted
          max
        }
      }
    }
  }
`);

export type GroupOption = NonNullable<GroupSearchQuery["groupDefinitions"]>["nodes"][number];

/** Chooses a group by words of its name. */
export function GroupSelect(props: FieldProps<GroupOption>) {
  const [search, setSearch] = useState("");
  const [{ data, fetching, error }] = useQuery({ query: GroupSearch, variables: { search } });
  return (
    <SearchSelect
      {...props}
      items={data?.groupDefinitions?.nodes ?? []}
      searching={fetching}
      failed={error !== undefined}
      onSearch={setSearch}
      labelOf={({ name }) => name}
      detailsOf={({ groupType, capacity: { enrolled, max, waitlisted } }) =>
        [GROUP_TYPES[groupType], `${enrolled} of ${max} seats taken`, waitlisted > 0 && `${waitlisted} waiting`]
          .filter(Boolean)
          .join(" · ")
      }
    />
  );
}
