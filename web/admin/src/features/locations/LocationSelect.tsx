import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../api/generated";
import type { LocationSearchQuery } from "../../api/generated/graphql";
import { SearchSelect, type FieldProps } from "../../ui/SearchSelect";

const LocationSearch = graphql(`
  query LocationSearch($search: String) {
    locations(search: $search, first: 20) {
      nodes {
        id
        site
        room
        timeZone
        active
      }
    }
  }
`);

type LocationOption = NonNullable<LocationSearchQuery["locations"]>["nodes"][number];

/** Chooses a location by site and room. */
export function LocationSelect(props: FieldProps<LocationOption>) {
  const [search, setSearch] = useState("");
  const [{ data, fetching, error }] = useQuery({ query: LocationSearch, variables: { search } });
  return (
    <SearchSelect
      {...props}
      items={data?.locations?.nodes ?? []}
      searching={fetching}
      failed={error !== undefined}
      onSearch={setSearch}
      labelOf={({ site, room }) => (room === null ? site : `${site}, ${room}`)}
      detailsOf={({ timeZone }) => timeZone}
      reasonAgainst={({ active }) => (active ? null : "closed in the registry")}
    />
  );
}
