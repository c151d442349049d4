import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../api/generated";
import type { StaffSearchQuery } from "../../api/generated/graphql";
import { SearchSelect, type FieldProps } from "../../ui/SearchSelect";

const StaffSearch = graphql(`
  query StaffSearch($search: String) {
    staffMembers(search: $search, first: 20) {
      nodes {
        id
        displayName
        credentials
        active
      }
    }
  }
`);

type StaffOption = NonNullable<StaffSearchQuery["staffMembers"]>["nodes"][number];

/** Chooses a member of staff by name. */
export function StaffSelect(props: FieldProps<StaffOption>) {
  const [search, setSearch] = useState("");
  const [{ data, fetching }] = useQuery({ query: StaffSearch, variables: { search } });
  return (
    <SearchSelect
      {...props}
      items={data?.staffMembers?.nodes ?? []}
      searching={fetching}
      onSearch={setSearch}
      labelOf={({ displayName, credentials }) => (credentials === null ? displayName : `${displayName}, ${credentials}`)}
      reasonAgainst={({ active }) => (active ? null : "does not work here at present")}
    />
  );
}
