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

const INACTIVE = "does not work here at present";

type StaffOption = NonNullable<StaffSearchQuery["staffMembers"]>["nodes"][number];

type Props = FieldProps<StaffOption> & {
  /** Whether those who do not work here at present can be chosen, as a filter needs and an assignment forbids. */
  withInactive?: boolean;
};

/** Chooses a member of staff by name. */
export function StaffSelect({ withInactive = false, ...props }: Props) {
  const [search, setSearch] = useState("");
  const [{ data, fetching, error }] = useQuery({ query: StaffSearch, variables: { search } });
  return (
    <SearchSelect
      {...props}
      items={data?.staffMembers?.nodes ?? []}
      searching={fetching}
      failed={error !== undefined}
      onSearch={setSearch}
      labelOf={({ displayName, credentials }) => (credentials === null ? displayName : `${displayName}, ${credentials}`)}
      detailsOf={({ active }) => (active || !withInactive ? "" : INACTIVE)}
      reasonAgainst={({ active }) => (active || withInactive ? null : INACTIVE)}
    />
  );
}
